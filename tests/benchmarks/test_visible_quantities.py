"""The benchmark on a source whose answers are known."""

from dataclasses import replace

import numpy as np
import pytest
from squares import Squares, knows

from nsca.benchmarks.scores import flat_metrics
from nsca.benchmarks.visible_quantities import VisibleQuantities
from nsca.data.source import ProbeLabel
from nsca.errors import UserError


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


def test_neighbours_count_only_rows_that_have_a_label():
    class PartlyLabelled(Squares):
        def probe_labels(self, split: str) -> dict[str, ProbeLabel]:
            labels = super().probe_labels(split)
            channel = labels["channel"].values.astype(float)
            channel[::4] = np.nan
            return labels | {"channel": replace(labels["channel"], values=channel)}

    found = benchmark(corruptions=[]).run(
        {"trained": knows}, PartlyLabelled(), report=lambda _line: None
    )
    nearest = [s for s in found if s.measure == "knn_accuracy"]
    assert {(s.fit_rows, s.test_rows, s.unseen) for s in nearest} == {(180, 180, 0.0)}
    assert all(0.3 < s.chance < 0.6 for s in nearest)


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


def test_the_same_seed_gives_the_same_figures():
    def once() -> dict[str, float]:
        small = benchmark(fit_frames=120, test_frames=80, raw_pixels=False)
        return flat_metrics(small.run({"trained": knows}, Squares(), 3, lambda _line: None))

    assert once() == once()


def test_parts_that_the_source_lacks_are_not_judged():
    source = Squares()
    source.held_out = ("val",)
    scores = benchmark().run({"trained": knows}, source, report=lambda _line: None)
    assert {score.split for score in scores} == {"val"}


def test_a_source_without_labels_says_so():
    with pytest.raises(UserError, match="has no labels, so nothing can be probed"):
        benchmark().run({"trained": knows}, Squares(label_names=()), report=lambda _line: None)


class Unlabelled(Squares):
    """Labels of one name are missing on one part."""

    def __init__(self, split: str, *missing: str) -> None:
        super().__init__()
        self.split, self.missing = split, missing

    def probe_labels(self, split: str) -> dict[str, ProbeLabel]:
        labels = super().probe_labels(split)
        for name in self.missing if split == self.split else ():
            gone = np.full(len(labels[name].values), np.nan)
            labels[name] = replace(labels[name], values=gone)
        return labels


def test_a_part_without_any_label_is_left_out_and_named():
    said: list[str] = []
    source = Unlabelled("val", "channel", "position")
    found = benchmark().run({"trained": knows}, source, report=said.append)
    assert {score.split for score in found} == {"test"}
    assert "val: nothing has a label, not judged" in said


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_class_that_one_side_lacks_has_no_neighbours(split):
    source = Unlabelled(split, "channel")
    found = benchmark(corruptions=[]).run({"trained": knows}, source, report=lambda _line: None)
    judged = {(score.split, score.quantity) for score in found if score.protocol == "transfer"}
    assert ("val", "position") in judged
    assert ("val", "channel") not in judged
    assert (("test", "channel") in judged) == (split == "val")


def test_neighbours_may_be_switched_off():
    found = benchmark(corruptions=[], neighbours=0).run(
        {"trained": knows}, Squares(), report=lambda _line: None
    )
    assert not [score for score in found if score.measure == "knn_accuracy"]


@pytest.mark.parametrize(
    "change",
    [
        {"corruptions": ["snow"]},
        {"severities": [6]},
        {"fit_frames": 0},
        {"test_frames": 1},
        {"corrupted_frames": 0},
        {"neighbours": -1},
    ],
)
def test_a_wrong_setting_is_refused(change):
    (key,) = change
    with pytest.raises(UserError, match="severity" if key == "severities" else key.rstrip("s")):
        benchmark(**change)
