"""Whether a phase was worth it: beside the best of what there is without it."""

import pytest

from nsca.reporting.skipping import skipping

OURS = {0: 0.6, 1: 0.7, 2: 0.65}
WORSE = {0: 0.5, 1: 0.58, 2: 0.56}
UNCLEAR = {0: 0.7, 1: 0.55, 2: 0.6}
BETTER = {0: 0.8, 1: 0.9, 2: 0.86}


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ({"twin": WORSE}, "the phase improves it over skipping it (twin)"),
        (
            {"twin": WORSE, "pixels": UNCLEAR},
            "<b>that the phase improves it over skipping it (pixels) is not shown</b>",
        ),
        (
            {"twin": WORSE, "a&b": BETTER},
            "<b>the phase does not improve it over skipping it (a&amp;b)</b>",
        ),
        ({"twin": {0: 0.5}}, "the phase improves it over skipping it (twin), by one seed"),
        ({"twin": {0: 0.6}}, "<b>the phase does not improve it over skipping it (twin)</b>"),
        ({"twin": {7: 0.1}}, ""),
        ({}, ""),
    ],
)
def test_the_best_without_has_to_be_beaten_in_every_way_that_seeds_can_tell(without, said):
    found = skipping(OURS, without)
    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_of_errors_the_smaller_is_the_better():
    without = {"kept": BETTER}
    assert skipping(OURS, without, higher_is_better=False).startswith("the phase improves it")
    assert "does not improve" in skipping(OURS, {"kept": WORSE}, higher_is_better=False)
