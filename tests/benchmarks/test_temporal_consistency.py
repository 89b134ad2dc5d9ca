"""The measure on signals whose autocorrelation is known, and the benchmark on drifting squares."""

from pathlib import Path

import numpy as np
import pytest
from squares import Squares

from nsca.benchmarks.temporal_consistency import TemporalConsistency, autocorrelation
from nsca.data.source import Frames
from nsca.errors import UserError


def clips(count: int, length: int) -> np.ndarray:
    return np.repeat(np.arange(count), length)


def test_an_autoregressive_signal_has_its_own_coefficient():
    random = np.random.default_rng(0)
    for coefficient in (-0.5, 0.0, 0.9):
        x = np.zeros((20_000, 3))
        for t in range(1, len(x)):
            x[t] = coefficient * x[t - 1] + random.normal(size=3)
        assert autocorrelation(x, np.zeros(len(x), int)) == pytest.approx(coefficient, abs=0.02)


def test_random_order_is_at_0_however_short_the_clips():
    x = np.random.default_rng(1).normal(size=(12_000, 2))
    for length in (2, 3, 40):
        assert autocorrelation(x, clips(12_000 // length, length)) == pytest.approx(0, abs=0.03)


def test_what_tells_clips_apart_counts_for_nothing():
    random = np.random.default_rng(2)
    clip = clips(50, 12)
    moving = random.normal(size=(600, 2))
    apart = np.concatenate([moving, 1e3 * clip[:, None]], axis=1)
    assert autocorrelation(apart, clip) == pytest.approx(autocorrelation(moving, clip), abs=1e-6)


def test_a_ramp_by_hand():
    ramp = np.arange(4.0)[:, None]
    assert autocorrelation(ramp, np.zeros(4, int)) == pytest.approx(1 - 3 / (2 * 5))
    assert autocorrelation(10 * ramp + 7, np.zeros(4, int)) == pytest.approx(0.7)


def test_features_that_never_change_say_nothing():
    assert autocorrelation(np.ones((6, 2)), clips(2, 3)) == 0.0


class Drifting(Squares):
    """Clips in which a bright bar goes on by a column a frame."""

    name = "drifting"

    def __init__(self, length: int = 10, moving: bool = True) -> None:
        super().__init__()
        self.length, self.moving = length, moving

    def frames(self, split: str) -> Frames:
        images = np.full((8 * self.length, 16, 16, 3), 60, np.uint8)
        for row in range(len(images)):
            column = row % self.length if self.moving else 3
            images[row, :, column] = 200 + row // self.length
        return Frames(images, clips(8, self.length))


def column(images: np.ndarray) -> np.ndarray:
    return images[:, 0, :, 0].argmax(axis=1)[:, None].astype(np.float32)


def noise(images: np.ndarray) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(len(images), 8)).astype(np.float32)


def test_features_that_follow_what_moves_are_told_from_noise():
    encoders = {"trained": column, "random": noise}
    rows = TemporalConsistency(clips=8).run(encoders, Drifting())
    values = {row.name: row.value for row in rows}
    assert values["val/next_frame/trained"] == pytest.approx(1 - 9 / (2 * 82.5))
    for control in ("val/next_frame/random", "val/next_frame/shuffled", "test/next_frame/shuffled"):
        assert abs(values[control]) < 0.3
    assert values["val/next_frame/pixels"] == pytest.approx(0, abs=0.02), "bars do not overlap"
    assert {row.test_rows for row in rows} == {80}
    assert TemporalConsistency(clips=8).metrics(rows) == values


def test_whole_clips_are_drawn_and_the_seed_decides_which():
    few = TemporalConsistency(clips=3)

    def seen(seed: int) -> list[int]:
        shown: list[int] = []

        def encode(images: np.ndarray) -> np.ndarray:
            shown.extend(images.reshape(len(images), -1).max(axis=1).tolist())
            return column(images)

        source = Drifting()
        source.held_out = ("val",)
        (row, *_) = few.run({"random": encode}, source, seed)
        assert row.test_rows == 30
        return shown

    assert all(seen(0).count(clip) == 10 for clip in seen(0))
    assert seen(0) == seen(0)
    assert seen(0) != seen(1)


@pytest.mark.parametrize("length", [1, 10])
def test_clips_in_which_nothing_moves_are_refused(length: int):
    with pytest.raises(UserError, match="nothing moves in the val clips of drifting"):
        TemporalConsistency(clips=8).run({"random": noise}, Drifting(length, moving=False))


def test_pictures_without_time_are_refused():
    source = Squares()
    source.has_time = False
    with pytest.raises(UserError, match="data=squares has no frames") as caught:
        TemporalConsistency(clips=8).run({}, source)
    assert "data=video_folder" in caught.value.remedy


def test_it_takes_a_run_and_a_clip(tmp_path: Path):
    with pytest.raises(UserError, match="clips=0"):
        TemporalConsistency(clips=0)
    with pytest.raises(ValueError, match="a run is needed"):
        next(TemporalConsistency(clips=1).judge(None, 0, tmp_path))
