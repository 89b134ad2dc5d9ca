"""Means count whole seeds alone, and the picture of effects shows paired differences."""

import numpy as np
import pytest

from nsca.job_table import Job, JobTable
from nsca.paired_table import comparisons
from nsca.studies.few_shot_summary import Scores, effects, learning_curves, tables

WHERE = {"seconds": "1"}
SETTINGS = ("push-v3", "soccer-v3")


@pytest.fixture
def results(tmp_path) -> JobTable:
    """Two settings, two counts, three seeds; of the last seed of "ours" one setting is missing."""
    table = JobTable(tmp_path / "results.csv", tuple(WHERE))
    for place, setting in enumerate(SETTINGS):
        for count in (1, 5):
            for seed in range(3):
                base = 0.2 + 0.1 * place + 0.02 * seed + 0.05 * count
                none = {"success": base, "expert_success": 0.5}
                table.add(Job(f"{setting}/{count}/none", seed), none, WHERE)
                if (setting, seed) != ("soccer-v3", 2):
                    found = {"success": base + 0.3 + 0.01 * seed, "imagined": 0.9}
                    table.add(Job(f"{setting}/{count}/ours", seed), found, WHERE)
    return table


@pytest.fixture
def scores(results) -> Scores:
    return Scores(SETTINGS, (1, 5), ("success @ 1",), ("ours", "none"), "none", "none", results)


def test_a_mean_over_settings_needs_all_of_them(scores):
    assert sorted(scores.means(1, "none")) == [0, 1, 2]
    assert sorted(scores.means(1, "ours")) == [0, 1]
    assert scores.means(1, "none")[0] == pytest.approx(0.3)
    assert scores.matrix(5, "ours").shape == (2, 2)
    assert scores.matrix(5, "nobody") is None


def test_arms_are_compared_seed_by_seed(scores):
    found = comparisons(scores.paired[0])["ours", "success @ 1"]
    assert found.pairs == 2
    assert found.mean == pytest.approx(0.305)


def test_what_models_say_has_a_reference_of_its_own_and_is_not_corrected(results):
    for setting in SETTINGS:
        results.add(Job(f"{setting}/1/blank", 0), {"success": 0.5, "imagined": 0.4}, WHERE)
    arms = ("ours", "blank", "none")
    success, model = Scores(SETTINGS, (1,), ("success @ 1",), arms, "none", "blank", results).paired
    assert (success.reference, success.metrics) == ("none", ["success @ 1"])
    assert (model.reference, model.rows) == ("blank", ["ours", "blank"])
    assert (success.primary, model.primary) == (["success @ 1"], [])
    assert comparisons(model)["ours", "imagined @ 1"].mean == pytest.approx(0.5)
    written = tables(Scores(SETTINGS, (1,), ("success @ 1",), arms, "none", "blank", results))
    assert written["table.csv"].count("metric,condition") == 1
    assert "imagined @ 1,ours" in written["table.csv"]
    assert len(Scores(SETTINGS, (1,), ("success @ 1",), arms, "none", None, results).paired) == 1


def test_how_far_things_move_is_said_and_not_compared(results):
    for setting in SETTINGS:
        for arm, error in (("ours", 1.0), ("none", 2.0)):
            found = {"success": 0.5, "model_error_cm": error, "motion_cm": 4.0}
            results.add(Job(f"{setting}/2/{arm}", 0), found, WHERE)
    _, model = Scores(
        SETTINGS, (2,), ("success @ 2",), ("ours", "none"), "none", "none", results
    ).paired
    assert model.metrics == ["model_error_cm @ 2"]
    assert model.explained["model_error_cm @ 2"].endswith("nothing moves errs by 4.0 cm")


def test_tables_have_the_figures_of_every_setting_and_an_interval(scores):
    written = tables(scores)
    assert "Interquartile mean" in written["table.md"]
    assert "| soccer-v3 | 3 | 0.50 | 0.67" in written["settings.md"]
    assert written["settings.csv"].splitlines()[0].startswith("setting,seeds,expert,ours @ 1")


def test_curves_are_means_over_settings(scores):
    axis = learning_curves(scores).axes[0]
    line = next(line for line in axis.lines if line.get_label() == "none")
    np.testing.assert_allclose(line.get_xdata(), [1, 5])
    np.testing.assert_allclose(line.get_ydata(), [0.32, 0.52])


def test_effects_are_those_of_the_first_arm(scores):
    figure = effects(scores)
    panel = figure.axes[0]
    assert panel.get_title(loc="left") == "success: ours minus none"
    dots = [line for line in panel.lines if line.get_marker() == "o"]
    assert len(dots) == 4
    np.testing.assert_allclose([dot.get_xdata()[0] for dot in dots], [0.31, 0.305] * 2, atol=1e-6)


def test_one_seed_shows_no_interval(results):
    """Nothing is drawn, and matplotlib has nothing to warn about."""
    figure = effects(
        Scores(("soccer-v3",), (1,), ("success @ 1",), ("nobody", "none"), "none", "none", results)
    )
    assert not [line for line in figure.axes[0].lines if line.get_marker() == "o"]
