import dataclasses

import pytest
from phases.tiny_memory import MEMORY


@pytest.mark.parametrize(
    "wrong",
    [
        {"capacity": 0},
        {"replayed": 1.0},
        {"replayed": 0.0},
        {"consolidate_every": 0},
        {"fisher_windows": 0},
        {"protection": 0.5},
        {"decay": 1.5},
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        dataclasses.replace(MEMORY, **wrong)
