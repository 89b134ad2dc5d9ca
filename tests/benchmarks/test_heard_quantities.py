"""What sounds tell, judged on tones, and on babbling with its hidden properties."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from phases.tiny_audio import BANDS, PITCHES_HZ, DyingTones

from nsca.benchmarks.heard_quantities import HeardQuantities
from nsca.benchmarks.scores import Score
from nsca.data.babbling import Babbling
from nsca.data.source import ProbeLabel, Sounds, Split
from nsca.errors import UserError


def benchmark(**changes: object) -> HeardQuantities:
    settings = {"fit_sounds": 90, "test_sounds": 90, "hidden": [], "bands": BANDS, "neighbours": 3}
    return HeardQuantities(**{**settings, **changes})


def loudest_line(samples: np.ndarray) -> np.ndarray:
    """Where the spectrum's peak is: features that know the pitch."""
    lines = np.abs(np.fft.rfft(samples.astype(float), axis=1))
    nearest = np.array(PITCHES_HZ) / 4  # lines are 4 Hz apart
    return np.exp(-np.abs(lines.argmax(1)[:, None] - nearest) / 50)


def deaf(samples: np.ndarray) -> np.ndarray:
    return np.random.default_rng(len(samples)).normal(size=(len(samples), 4))


def by_name(scores: list[Score]) -> dict[str, float]:
    return {score.name: score.value for score in scores}


def test_those_who_hear_the_pitch_are_told_from_those_who_do_not():
    found = benchmark().run(
        {"trained": loudest_line, "random": deaf}, DyingTones(), report=lambda _line: None
    )
    values = by_name(found)
    assert values["val/pitch/trained"] > 0.95
    assert values["val/pitch/statistics"] > 0.95
    assert values["val/pitch/random"] < 0.6
    assert values["val/pitch/shuffled"] < 0.6
    assert {score.split for score in found} == {"val"}


def test_the_course_tells_sounds_that_differ_in_their_order_alone():
    class Words(DyingTones):
        """Those of odd number played backwards, which is what the label says."""

        def sounds(self, split: Split) -> Sounds:
            samples = super().sounds(split).samples.copy()
            samples[1::2] = samples[1::2, ::-1]
            return Sounds(samples)

        def sound_labels(self, split: Split) -> dict[str, ProbeLabel]:
            (known,) = super().sound_labels(split).values()
            return {"backwards": replace(known, values=np.arange(len(known.values)) % 2)}

    found = benchmark().run({"trained": deaf}, Words(), report=lambda _line: None)
    values = by_name(found)
    assert values["val/backwards/course"] > 0.95
    assert values["val/backwards/trained"] < 0.7


def test_babbling_is_asked_for_hidden_properties_too(pristine_set: Path):
    found = benchmark(hidden=["hardness"]).run(
        {"trained": deaf}, Babbling(str(pristine_set)), report=lambda _line: None
    )
    asked = {score.quantity for score in found}
    assert asked == {"visible_material", "shape", "size_m", "hardness"}
    # the synthetic world's sounds grow with the size and with nothing else
    assert by_name(found)["val/size_m/statistics"] > 0.8
    assert {score.split for score in found} == {"val", "test"}


def test_a_run_is_needed(tmp_path):
    with pytest.raises(ValueError, match="a run is needed"):
        next(benchmark().judge(None, 0, tmp_path))


@pytest.mark.parametrize("wrong", [{"fit_sounds": 1}, {"test_sounds": 0}, {"neighbours": -1}])
def test_impossible_budgets_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(UserError, match=f"{name}=.* is too few"):
        benchmark(**wrong)
