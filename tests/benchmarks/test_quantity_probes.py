"""The protocol on rows whose answers are known; pictures under it: test_visible_quantities."""

from dataclasses import replace

import numpy as np
import pytest

from nsca.benchmarks.quantity_probes import Corruption, Part, QuantityProbes, check_at_least
from nsca.benchmarks.scores import Score
from nsca.data.source import ProbeLabel, Split
from nsca.errors import UserError

OBJECTS, VIEWS = 40, 3


def part(split: Split) -> Part:
    """Rows [class, value, noise]; 40 objects seen three times."""
    rng = np.random.default_rng({"train": 0, "val": 1, "test": 2}[split])
    group = np.repeat(np.arange(OBJECTS), VIEWS)
    kind, size = group % 4, np.repeat(rng.normal(size=OBJECTS), VIEWS)
    noise = rng.normal(size=len(group))
    rows = np.stack([*np.eye(4)[kind].T, size, noise], axis=1)
    return rows, {
        "kind": ProbeLabel(kind, "class", group),
        "size": ProbeLabel(size, "scalar", group),
    }


def judged(probes: QuantityProbes, **changes: object) -> list[Score]:
    settings = {"encoders": {"trained": lambda rows: rows}, "part": part, "splits": ["val", "test"]}
    quiet = {"source": "known", "seed": 0, "report": lambda _line: None}
    return probes.run(**{**settings, **quiet, **changes})


def value(scores: list[Score], name: str) -> float:
    (found,) = [score.value for score in scores if score.name == name]
    return found


def test_features_with_the_answer_have_it_and_shuffled_labels_do_not():
    scores = judged(QuantityProbes(fit_rows=120, test_rows=120, neighbours=3))
    for where in ("val", "test", "test_refit"):
        assert value(scores, f"{where}/kind/trained") == 1.0
        assert value(scores, f"{where}/size/trained") > 0.95
    assert value(scores, "val/kind/shuffled") < 0.5
    assert value(scores, "val/kind_knn/trained") > 0.8


def test_a_corruption_changes_the_scored_rows_alone():
    def blank(rows: np.ndarray) -> np.ndarray:
        return np.zeros_like(rows)

    probes = QuantityProbes(fit_rows=120, test_rows=120, neighbours=0, corrupted_rows=60)
    scores = judged(probes, corruptions=[Corruption("blank", 2, blank)])
    assert value(scores, "val/kind/trained") == 1.0
    assert value(scores, "val/kind/trained/blank-2") < 0.5
    assert {s.test_rows for s in scores if s.corruption == "blank"} == {60}
    assert not [s for s in scores if s.measure == "knn_accuracy"]


def test_hardened_probes_answer_under_corruption_and_nowhere_else():
    def size_told_twice(rows: np.ndarray) -> np.ndarray:
        return np.concatenate([rows, rows[:, 4:5] + 0.1 * rows[:, 5:]], axis=1)

    def without(rows: np.ndarray) -> np.ndarray:
        changed = rows.copy()
        changed[:, 4] = 0.0
        return changed

    def twice(split: Split) -> Part:
        rows, labels = part(split)
        return size_told_twice(rows), labels

    probes = QuantityProbes(fit_rows=120, test_rows=120, neighbours=0, corrupted_rows=120)
    given = {"part": twice, "corruptions": [Corruption("lost", 1, without)]}
    plain, hard = judged(probes, **given), judged(probes, **given, hardened=without)
    assert value(hard, "val/size/trained") == value(plain, "val/size/trained") > 0.95
    assert value(plain, "val/size/trained/lost-1") < 0.9 < value(hard, "val/size/trained/lost-1")


def test_budgets_are_kept_and_the_choice_is_of_the_seed():
    probes = QuantityProbes(fit_rows=50, test_rows=30, neighbours=0)
    first = judged(probes)
    assert {(s.fit_rows, s.test_rows) for s in first if s.protocol == "transfer"} == {(50, 30)}
    assert judged(probes) == first
    assert judged(probes, seed=1) != first


def test_nothing_to_probe_is_said():
    def alike(split: Split) -> Part:
        rows, labels = part(split)
        return rows, {"kind": replace(labels["kind"], values=np.zeros(len(rows), np.int64))}

    with pytest.raises(UserError, match=r"known has no label that can be probed \(kind\)"):
        judged(QuantityProbes(50, 30, 0), part=alike)


def test_rows_without_labels_are_not_encoded_first():
    def never(rows: np.ndarray) -> np.ndarray:
        raise AssertionError(f"{len(rows)} rows encoded for nothing")

    bare = {"part": lambda split: (part(split)[0], {}), "encoders": {"trained": never}}
    with pytest.raises(UserError, match="known has no labels") as error:
        judged(QuantityProbes(50, 30, 0), **bare)
    assert "a folder for each class" in error.value.remedy


def test_budgets_have_a_least():
    check_at_least("fit_frames", 2, 2)
    with pytest.raises(UserError, match=r"fit_frames=1 is too few.*2 or more"):
        check_at_least("fit_frames", 1, 2)
