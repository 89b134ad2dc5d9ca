"""Steps that are not taken because their loss or gradient is not finite: counted, said, and too
many of them in a row end the training.
"""

from collections.abc import Callable, Mapping

from nsca.errors import UserError

MOST_SKIPPED_IN_A_ROW = 5
"""Consecutive non-finite steps after which training stops: one is an accident, five are a cause."""


class SkippedSteps:
    """The count of a run.

    Attributes:
        total: of all steps.
        in_a_row: since the last step that was taken.
    """

    def __init__(self) -> None:
        self.total = 0
        self.in_a_row = 0

    def step_taken(self) -> None:
        """A step went well: what came before it was an accident."""
        self.in_a_row = 0

    def count(
        self, what: str, values: Mapping[str, float], step: int, say: Callable[[str], None]
    ) -> None:
        """Count a skipped step and say why.

        Args:
            what: is not finite: loss or gradient.
            values: its parts, by name.
            step: of the optimiser.
            say: receives one line.

        Raises:
            UserError: MOST_SKIPPED_IN_A_ROW of them came one after the other.
        """
        self.total += 1
        self.in_a_row += 1
        shown = ", ".join(f"{name} {value:g}" for name, value in values.items())
        say(f"step {step} skipped: the {what} is not finite ({shown})")
        if self.in_a_row >= MOST_SKIPPED_IN_A_ROW:
            raise UserError(
                f"the {what} was not finite in {self.in_a_row} steps in a row, the last one step "
                f"{step} ({shown})",
                "lower phase.optimizer.learning_rate or set trainer.gradient_clip_val=0.1; the "
                "same seed and step give the same batch again, so it can be looked at",
            )
