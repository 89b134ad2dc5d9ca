"""Meta-World v3 behind one seeded interface: two backends, from one seed the same episodes."""
