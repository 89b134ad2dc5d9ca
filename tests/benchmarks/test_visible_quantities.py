"""The benchmark on a source whose answers are known."""

from dataclasses import replace

import numpy as np
import pytest

from nsca.benchmarks.scores import read_table, write_table
from nsca.benchmarks.visible_quantities import VisibleQuantities, flat_metrics
from nsca.data.batch import Frames, ProbeLabel
from nsca.errors import UserError

SIZE = 16


class Squares:
    """A bright square on grey: its place, size and colour channel are what is visible."""

    name = "squares"
    has_time = True

    def __init__(self, label_names: tuple[str, ...] = ("channel", "position")) -> None:
        self.label_names = label_names

    def fingerprint(self) -> str:
        return "0" * 64

    def _draw(self, split: str) -> tuple[np.ndarray, dict[str, ProbeLabel]]:
        offset = {"train": 0, "val": 1, "test": 2}[split]
        random = np.random.default_rng(offset)
        objects, views = 60, 4
        channel = np.repeat(random.integers(0, 3, objects), views)
        column = random.integers(0, SIZE - 4, objects * views)
        images = random.integers(90, 110, (objects * views, SIZE, SIZE, 3)).astype(np.uint8)
        for row, (c, x) in enumerate(zip(channel, column, strict=True)):
            images[row, 6:10, x : x + 4, c] = 250
        group = np.repeat(np.arange(objects), views) + 1000 * offset
        labels = {
            "channel": ProbeLabel(channel, "class", group),
            "position": ProbeLabel(column.astype(float), "scalar", group),
        }
        return images, {name: labels[name] for name in self.label_names}

    def frames(self, split: str) -> Frames:
        images = self._draw(split)[0]
        return Frames(images=images, clip=np.arange(len(images)))

    def probe_labels(self, split: str) -> dict[str, ProbeLabel]:
        return self._draw(split)[1]


def knows(images: np.ndarray) -> np.ndarray:
    """Features that hold the answer: brightness by channel and the square's centre of mass."""
    excess = np.clip(images.astype(np.float32) - 130, 0, None)
    by_channel = excess.sum((1, 2))
    columns = excess.sum((1, 3))
    centre = (columns * np.arange(SIZE)).sum(1) / np.maximum(columns.sum(1), 1)
    return np.concatenate([by_channel, centre[:, None]], axis=1)


def ignorant(images: np.ndarray) -> np.ndarray:
    return np.random.default_rng(len(images)).normal(size=(len(images), 4)).astype(np.float32)


def benchmark(**changes: object) -> VisibleQuantities:
    settings = {
        "fit_frames": 240,
        "test_frames": 240,
        "corruptions": ["gaussian_noise"],
        "severities": [5],
        "corrupted_frames": 100,
        "raw_pixels": True,
        "neighbours": 5,
    }
    return VisibleQuantities(**(settings | changes))


@pytest.fixture(scope="module")
def scores():
    encoders = {"trained": knows, "random": ignorant}
    return benchmark().run(encoders, Squares(), report=lambda _line: None)


def test_features_that_hold_the_answer_are_told_from_those_that_do_not(scores):
    metrics = flat_metrics(scores)
    for split in ("val", "test", "test_refit"):
        assert metrics[f"{split}/channel/trained"] > 0.95
        assert metrics[f"{split}/position/trained"] > 0.95
        assert metrics[f"{split}/channel/random"] < 0.5
        assert metrics[f"{split}/position/random"] < 0.1
    assert metrics["val/channel_knn/trained"] > 0.9 > metrics["val/channel_knn/random"]


def test_shuffled_labels_fall_to_chance(scores):
    metrics = flat_metrics(scores)
    assert metrics["val/channel/shuffled"] < metrics["val/channel/chance"] + 0.12
    assert metrics["val/position/shuffled"] < 0.1


def test_corruption_is_scored_on_fewer_frames_and_hurts(scores):
    metrics = flat_metrics(scores)
    corrupted = [s for s in scores if s.corruption == "gaussian_noise" and s.split == "val"]
    assert {s.test_rows for s in corrupted} == {100}
    clean, noisy = metrics["val/position/trained"], metrics["val/mean_r2/trained/corrupted"]
    assert noisy < clean - 0.05


def test_means_count_a_negative_r2_as_zero(scores):
    scalar = next(s for s in scores if s.name == "val/position/trained")
    far_off = replace(scalar, quantity="yaw", value=-3.0)
    metrics = flat_metrics([replace(scalar, value=0.5), far_off])
    assert metrics["val/yaw/trained"] == -3.0
    assert metrics["val/mean_r2/trained"] == 0.25


def test_the_same_seed_gives_the_same_figures():
    def once() -> dict[str, float]:
        small = benchmark(fit_frames=120, test_frames=80, raw_pixels=False)
        return flat_metrics(small.run({"trained": knows}, Squares(), 3, lambda _line: None))

    assert once() == once()


def test_pictures_without_time_are_judged_on_val_alone():
    source = Squares()
    source.has_time = False
    scores = benchmark().run({"trained": knows}, source, report=lambda _line: None)
    assert {score.split for score in scores} == {"val"}


def test_the_table_gives_back_what_was_written(scores, tmp_path):
    write_table(scores, tmp_path / "table.csv")
    assert read_table(tmp_path / "table.csv") == scores


def test_a_source_without_labels_says_so():
    with pytest.raises(UserError, match="no label that can be probed"):
        benchmark().run({"trained": knows}, Squares(label_names=()), report=lambda _line: None)


@pytest.mark.parametrize(
    "change", [{"corruptions": ["snow"]}, {"severities": [6]}, {"fit_frames": 0}]
)
def test_a_wrong_setting_is_refused(change):
    with pytest.raises(UserError):
        benchmark(**change)
