from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from nsca.errors import UserError
from nsca.job_table import Job, JobTable
from nsca.paired_table import comparisons, markdown
from nsca.studies import summary
from nsca.studies.plan import StudyPlan
from nsca.studies.summary import plot

WHERE = {"seconds": "1.5"}
METRIC = "held_out/shape/trained"


def plan(*conditions: str) -> StudyPlan:
    return StudyPlan(
        name="example",
        question="Does it help?",
        prediction="Yes.",
        reference="off",
        seeds=[0, 1, 2, 3],
        babble=None,
        train=[],
        conditions={name: [] for name in conditions},
        evaluate=[],
        leave_out="-[1-5]$",
        metrics=[METRIC],
        primary=[METRIC],
        baselines={"raw pixels": "pixels"},
    )


@pytest.fixture
def results(tmp_path):
    results = JobTable(tmp_path / "results.csv", ("seconds",))
    for seed in range(4):
        off = {METRIC: 0.5 + 0.05 * seed, "held_out/shape/pixels": 0.3}
        results.add(Job("off", seed), off, WHERE)
        results.add(Job("on", seed), {METRIC: 0.7 + 0.05 * seed + 0.004 * (seed % 2)}, WHERE)
    results.add(Job("late", 0), {METRIC: 0.4}, WHERE)
    return results


def test_differences_are_taken_seed_by_seed(results):
    found = comparisons(plan("off", "on", "late").table(results))
    assert set(found) == {("on", METRIC), ("late", METRIC), ("raw pixels", METRIC)}
    assert found["on", METRIC].verdict == "better"
    assert abs(found["on", METRIC].mean - 0.202) < 1e-9
    assert found["late", METRIC].pairs == 1
    assert found["raw pixels", METRIC].verdict == "worse"


def test_table_names_seeds_and_what_did_not_run(results):
    text = markdown(plan("off", "on", "late", "never").table(results))
    assert "| on | 0.777 ± 0.033 | 4 | +0.202" in text
    assert "| raw pixels | 0.300 ± 0.000 | 4 | -0.275" in text
    assert "(one seed)" in text
    assert "| never | not measured | 0 |" in text
    assert "4 paired seeds detect" in text


def test_plot_is_a_png_that_changes_with_the_values(results, tmp_path):
    table = plan("off", "on").table(results)
    plot(table, tmp_path / "one.png")
    results.add(Job("on", 9), {METRIC: 0.1}, WHERE)
    plot(table, tmp_path / "two.png")
    one, two = (tmp_path / "one.png").read_bytes(), (tmp_path / "two.png").read_bytes()
    assert one.startswith(b"\x89PNG")
    assert one != two


def grouped() -> StudyPlan:
    names = [f"{number}/{name}" for number in (20, 200) for name in ("off", "on")]
    return replace(plan(*names), higher_is_better=False)


@pytest.fixture
def by_number(tmp_path):
    results = JobTable(tmp_path / "results.csv", ("seconds",))
    for seed in range(4):
        for number, gain in ((20, 0.2), (200, 0.0)):
            off = {METRIC: 0.5 + 0.05 * seed, "held_out/shape/pixels": 0.3}
            results.add(Job(f"{number}/off", seed), off, WHERE)
            on = 0.5 + 0.05 * seed - gain + 0.004 * (seed % 2)
            results.add(Job(f"{number}/on", seed), {METRIC: on}, WHERE)
    return results


def test_conditions_of_a_group_are_compared_with_its_reference(by_number, tmp_path):
    study = grouped()
    assert study.groups == ["20", "200"]
    found = comparisons(study.table(by_number))
    assert set(found) == {("20/on", METRIC), ("200/on", METRIC)}
    assert found["20/on", METRIC].mean == pytest.approx(-0.198)
    assert found["200/on", METRIC].mean == pytest.approx(0.002)
    text = markdown(study.table(by_number))
    assert "-0.198 (-0.202 .. -0.194), lower" in text
    assert "| raw pixels | 0.300 ± 0.000 | 4 | not paired |" in text
    assert "4 paired seeds detect" in text
    study.summarise(by_number, tmp_path)
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_baseline_that_carries_the_name_of_a_group_is_of_its_evaluation(by_number):
    study = replace(grouped(), baselines={"raw pixels": "pixels", "200/raw pixels": "pixels"})
    by_number.add(Job("200/off", 9), {METRIC: 0.5, "held_out/shape/pixels": 0.7}, WHERE)
    table = study.table(by_number)
    assert set(table.values("raw pixels", METRIC).values()) == {0.3}
    assert table.values("200/raw pixels", METRIC)[9] == 0.7
    assert table.reference_of("200/raw pixels") == "200/off"


def test_every_group_needs_its_reference():
    with pytest.raises(ValueError, match="'200/off' is not among"):
        plan("20/off", "200/on")


@pytest.mark.parametrize("wrong", [[], ["held_out/size/trained"], [METRIC, METRIC]])
def test_a_study_says_what_its_question_is_about(wrong):
    with pytest.raises(UserError, match="are not metrics of this study"):
        replace(plan("off", "on"), primary=wrong)


@pytest.mark.parametrize(("value", "expected"), [(5.0, []), (0.01, []), (60.0, ["log"])])
def test_an_axis_is_logarithmic_where_a_linear_one_hides_most(
    results, tmp_path, monkeypatch, value, expected
):
    from matplotlib.axes import Axes

    scales = []
    monkeypatch.setattr(Axes, "set_xscale", lambda _, scale: scales.append(scale))
    results.add(Job("on", 9), {METRIC: value}, WHERE)  # of five; the mean of the pixels is 0.3
    plot(plan("off", "on").table(results), tmp_path / "figure.png")
    assert scales == expected


def test_a_baseline_of_a_group_is_a_point_of_a_curve_and_no_level(
    by_number, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    drawn = {}

    def note(curves, *_, levels, **__):
        drawn.update(curves=curves, levels=levels)
        return Figure()

    monkeypatch.setattr(summary, "demonstration_curves", note)
    study = replace(grouped(), baselines={"raw pixels": "pixels", "200/raw pixels": "pixels"})
    summary.plot_groups(study.table(by_number), list(study.baselines), tmp_path / "curves.png")
    assert list(drawn["levels"]) == ["raw pixels"]
    assert list(drawn["curves"]["raw pixels"]) == [200]
