"""Probes find what is planted, and nothing where there is nothing."""

import numpy as np
import pytest

from nsca import probes
from nsca.data.source import ProbeLabel
from nsca.probe_rows import validation_parts
from nsca.probe_target import ProbeScore
from nsca.probes import FittedProbes

ROWS, FIT, WIDTH = 900, 600, 40


@pytest.fixture
def planted():
    """Features with a planted direction for a scalar and three for a class, groups of 5 rows."""
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, WIDTH)).astype(np.float32)
    scalar = 3 * x[:, 0] - x[:, 1] + 0.3 * random.normal(size=ROWS)
    classes = (x[:, 2:5] + 0.2 * random.normal(size=(ROWS, 3))).argmax(1)
    group = np.arange(ROWS) // 5
    return x, scalar, classes, group


def halves(values: np.ndarray, kind: str, group: np.ndarray) -> tuple[ProbeLabel, ProbeLabel]:
    return (
        ProbeLabel(values[:FIT], kind, group[:FIT]),
        ProbeLabel(values[FIT:], kind, group[FIT:]),
    )


def probe(
    fit_features: np.ndarray, fit: ProbeLabel, test_features: np.ndarray, test: ProbeLabel
) -> ProbeScore:
    """One label, fitted on one part and scored on another."""
    return FittedProbes(fit_features, {"label": fit}).score(test_features, {"label": test})["label"]


def test_a_planted_scalar_and_class_are_found(planted):
    x, scalar, classes, group = planted
    found = probe(
        x[:FIT], halves(scalar, "scalar", group)[0], x[FIT:], halves(scalar, "scalar", group)[1]
    )
    assert 0.97 < found.value < 1
    fit, test = halves(classes, "class", group)
    found = probe(x[:FIT], fit, x[FIT:], test)
    assert found.value > 0.85
    assert 0.3 < found.chance < 0.4
    assert (found.fit_rows, found.test_rows) == (FIT, ROWS - FIT)


def test_shuffled_labels_are_at_chance(planted):
    x, scalar, classes, group = planted
    order = np.random.default_rng(1).permutation(ROWS)
    fit, _ = halves(classes[order], "class", group)
    _, test = halves(classes, "class", group)
    found = probe(x[:FIT], fit, x[FIT:], test)
    assert abs(found.value - found.chance) < 0.09
    fit, _ = halves(scalar[order], "scalar", group)
    _, test = halves(scalar, "scalar", group)
    assert probe(x[:FIT], fit, x[FIT:], test).value < 0.03


def test_more_features_than_rows_are_solved_through_the_gram_matrix(planted):
    x, scalar, _, group = planted
    noise = np.random.default_rng(2).normal(size=(ROWS, 2000)).astype(np.float32)
    wide = np.concatenate([5 * x, 0.1 * noise], axis=1)
    # Standardisation gives the noise the same weight: only a strong ridge survives, and it must.
    fit, test = halves(scalar, "scalar", group)
    found = probe(wide[:FIT], fit, wide[FIT:], test)
    assert 0.1 < found.value < 0.9
    assert found.strength > probes.STRENGTHS[0]


def test_both_ways_of_solving_agree(planted):
    x, scalar, _, group = planted
    fit, test = halves(scalar, "scalar", group)
    few = ProbeLabel(fit.values[:WIDTH], "scalar", group[:WIDTH])  # as many rows as columns
    one_column_more = np.concatenate([x, np.zeros((ROWS, 400), np.float32)], axis=1)
    narrow = probe(x[:WIDTH], few, x[FIT:], test)
    wide = probe(one_column_more[:WIDTH], few, one_column_more[FIT:], test)
    assert narrow.value == pytest.approx(wide.value, abs=0.15)


def test_selection_never_shares_a_group_with_the_fit(planted, monkeypatch):
    x, scalar, _, group = planted
    fit, test = halves(scalar, "scalar", group)
    splits = []

    def spy(group: np.ndarray, share: float, seed: int) -> list[np.ndarray]:
        parts = validation_parts(group, share, seed)
        splits.extend((set(group[held].tolist()), set(group[~held].tolist())) for held in parts)
        return parts

    monkeypatch.setattr(probes, "validation_parts", spy)
    probe(x[:FIT], fit, x[FIT:], test)
    assert splits
    for held, kept in splits:
        assert held
        assert kept
        assert not held & kept


def test_of_few_groups_each_chooses_the_strength_in_turn():
    """Two speakers say the same, and the third would choose another strength alone."""
    random = np.random.default_rng(0)
    speaker = np.repeat(np.arange(3), 60)
    value = random.normal(size=len(speaker))
    x = np.c_[value[:, None] + random.normal(size=(len(speaker), 12)), np.eye(3)[speaker]]
    label = ProbeLabel(value, "scalar", speaker)
    found = {FittedProbes(x, {"value": label}, seed)._fitted["value"].strength for seed in range(8)}
    assert len(found) == 1, "whatever the seed: no speaker is drawn"
    many = ProbeLabel(value, "scalar", np.arange(len(speaker)))
    drawn = {FittedProbes(x, {"value": many}, seed)._fitted["value"].strength for seed in range(8)}
    assert len(drawn) > 1


def test_object_memory_does_not_fool_the_selection():
    """Features that name the object fit the training objects and must not be trusted."""
    random = np.random.default_rng(3)
    objects, views = 60, 8
    group = np.repeat(np.arange(objects), views)
    value = np.repeat(random.normal(size=objects), views)
    name = random.normal(size=(objects, 80))[group]
    x = (name + 0.01 * random.normal(size=name.shape)).astype(np.float32)
    rows = group < 40
    found = probe(
        x[rows],
        ProbeLabel(value[rows], "scalar", group[rows]),
        x[~rows],
        ProbeLabel(value[~rows], "scalar", group[~rows]),
    )
    assert found.strength >= 0.1, "a split by row would have chosen hardly any ridge"


def test_rows_without_a_value_are_left_out(planted):
    x, scalar, _, group = planted
    gaps = scalar.copy()
    gaps[::3] = np.nan
    fit, test = halves(gaps, "scalar", group)
    found = probe(x[:FIT], fit, x[FIT:], test)
    assert found.value > 0.95
    assert (found.fit_rows, found.test_rows) == (400, 200)


def test_labels_probed_together_equal_labels_probed_alone(planted):
    x, scalar, classes, group = planted
    names = {"scalar": (scalar, "scalar"), "class": (classes, "class")}
    fit = {name: halves(*each, group)[0] for name, each in names.items()}
    test = {name: halves(*each, group)[1] for name, each in names.items()}
    together = FittedProbes(x[:FIT], fit).score(x[FIT:], test)
    assert list(together) == ["scalar", "class"]
    for name in names:
        alone = probe(x[:FIT], fit[name], x[FIT:], test[name])
        assert together[name].value == pytest.approx(alone.value, abs=1e-6)


def test_a_class_never_fitted_counts_as_wrong(planted):
    x, _, classes, group = planted
    fit, test = halves(classes, "class", group)
    novel = ProbeLabel(np.where(test.values == 2, 9, test.values), "class", test.group)
    found = probe(x[:FIT], fit, x[FIT:], novel)
    assert found.unseen == pytest.approx((test.values == 2).mean())
    assert found.value <= 1 - found.unseen


def test_what_cannot_be_judged_is_left_out(planted):
    x, scalar, _, group = planted
    fit, test = halves(scalar, "scalar", group)
    constant = ProbeLabel(np.ones(FIT), "scalar", group[:FIT])
    one_object = ProbeLabel(scalar[:FIT], "scalar", np.zeros(FIT, int))
    empty = ProbeLabel(np.full(FIT, np.nan), "scalar", group[:FIT])
    labels = {"good": fit, "constant": constant, "one_object": one_object, "empty": empty}
    fitted = FittedProbes(x[:FIT], labels)
    assert list(fitted.score(x[FIT:], dict.fromkeys(labels, test))) == ["good"]
    for value in (1.0, np.nan):
        flat = ProbeLabel(np.full(len(test.values), value), "scalar", test.group)
        assert fitted.score(x[FIT:], {"good": flat}) == {}


def test_wrong_input_is_refused(planted):
    x, scalar, classes, group = planted
    fit, test = halves(scalar, "scalar", group)
    with pytest.raises(ValueError, match="feature rows"):
        probe(x[:10], fit, x[FIT:], test)
    other = halves(classes, "class", group)[1]
    with pytest.raises(ValueError, match="fitted was"):
        probe(x[:FIT], fit, x[FIT:], other)
