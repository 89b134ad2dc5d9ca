"""Learning how a task's objects move from a few demonstrations."""
