import pytest

from nsca.errors import UserError
from nsca.phases.skipped_steps import MOST_SKIPPED_IN_A_ROW, SkippedSteps


def test_accidents_apart_are_counted_and_said():
    skipped, said = SkippedSteps(), []
    for step in range(3 * MOST_SKIPPED_IN_A_ROW):
        skipped.count("loss", {"nt_xent": float("nan"), "variance": 0.5}, step, said.append)
        if step % 2:
            skipped.step_taken()
    assert skipped.total == len(said) == 3 * MOST_SKIPPED_IN_A_ROW
    assert said[4] == "step 4 skipped: the loss is not finite (nt_xent nan, variance 0.5)"


def test_too_many_in_a_row_end_it_with_a_remedy():
    skipped = SkippedSteps()
    for step in range(MOST_SKIPPED_IN_A_ROW - 1):
        skipped.count("gradient", {"gradient norm": float("inf")}, step, lambda _: None)
    with pytest.raises(UserError, match=r"in 5 steps in a row, the last one step 7.*learning_rate"):
        skipped.count("gradient", {"gradient norm": float("inf")}, 7, lambda _: None)
