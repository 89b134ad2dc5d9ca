from dataclasses import replace

import pytest


def test_a_baseline_stands_in_the_place_of_the_trained_features(plan):
    name = plan.baseline_metric("raw pixels", "val/shape/trained/fog-3")
    assert name == "val/shape/pixels/fog-3"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reference": "of"}, "not among"),
        ({"seeds": [0, 0]}, "repeats"),
        ({"baselines": {"on": "pixels"}}, "both"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(plan, change, message):
    with pytest.raises(ValueError, match=message):
        replace(plan, **change)
