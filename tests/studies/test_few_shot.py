"""A few-shot study names its jobs, resumes, refuses to mix, and trains seeds at once if asked."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from nsca.errors import UserError
from nsca.job_table import Job, JobTable
from nsca.studies import few_shot_trials
from nsca.studies.few_shot import FewShotStudy
from nsca.studies.few_shot_trials import ORIGIN, Seeds, Trial
from nsca.studies.run import run_study

ARM = "nsca.benchmarks.few_shot_arms"
IMAGINING = {
    "_target_": f"{ARM}.Imagining",
    "prior": {"_target_": "nsca.priors.physics.Physics", "gravity_m_s2": 9.81},
    "weight": 0.9,
    "learnable": True,
}
RECIPE = {
    "_target_": "nsca.benchmarks.few_shot_learning.Recipe",
    "steps": 2,
    "batch": 8,
    "members": 2,
    "width": 8,
    "contribution": 1e-3,
    "learning_rate": 3e-3,
}


def study(**changes) -> FewShotStudy:
    known = FewShotStudy(
        name="example",
        question="Does it help?",
        prediction="Yes.",
        reference="warped",
        model_reference=None,
        seeds=[0, 1],
        settings=["push-v3", "soccer-v3 friction=0.3"],
        counts=[1, 5],
        primary=["success @ 1"],
        arms={
            "warped": {"_target_": f"{ARM}.Baseline", "agent": "warped"},
            "replay": {"_target_": f"{ARM}.Baseline", "agent": "nearest_replay"},
        },
        recipe=RECIPE,
        episodes=2,
        leave_out="^$",
    )
    return replace(known, **changes)


def test_what_is_primary_is_success_at_a_count():
    for wrong in ([], ["success @ 2"], ["imagined @ 1"]):
        with pytest.raises(UserError, match="are not metrics of this study"):
            study(primary=wrong)


def test_jobs_go_seed_by_seed_and_name_setting_count_and_arm():
    jobs = study().specifications(Path("anywhere"))
    assert len(jobs) == 2 * 2 * 2 * 2
    assert jobs[0].job == Job("push-v3/1/warped", 0)
    assert jobs[7].job == Job("soccer-v3_friction=0.3/5/replay", 0)
    assert [trial.job.seed for trial in jobs] == [0] * 8 + [1] * 8


def test_what_a_job_is_made_of_changes_its_settings_and_its_names_do_not():
    def digest(**changes) -> str:
        return study(**changes).specifications(Path())[0].settings

    assert digest() == digest(seeds=[4], name="other")
    assert digest() != digest(episodes=3)
    assert digest() == digest(recipe={**RECIPE, "steps": 3}), "the first arm trains nothing"
    blank = {"_target_": f"{ARM}.Imagining", "prior": {}, "weight": 0.0}
    assert digest(arms={"warped": blank}) != digest(
        arms={"warped": blank}, recipe={**RECIPE, "steps": 3}
    )
    assert digest() != digest(counts=[2], primary=["success @ 2"])


def test_finished_jobs_of_other_settings_or_worlds_are_refused(tmp_path, monkeypatch):
    results = JobTable(tmp_path / "results.csv", ORIGIN)
    jobs = study().specifications(tmp_path)
    results.add(
        jobs[0].job,
        {"success": 1.0},
        {"seconds": "1", "commit": "abc", "settings": jobs[0].settings, "world": jobs[0].world},
    )
    study().refuse_settings(jobs, results)
    study().refuse_data(jobs, results)
    changed = study(episodes=3)
    with pytest.raises(UserError, match="other settings"):
        changed.refuse_settings(changed.specifications(tmp_path), results)
    monkeypatch.setattr(few_shot_trials, "choose_backend", lambda *_: "metaworld")
    with pytest.raises(UserError, match=r"other world \(envpool"):
        study().refuse_data(jobs, results)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reference": "wapred"}, "not among"),
        ({"seeds": [0, 0]}, "seeds repeat"),
        ({"counts": [1, 1]}, "counts repeat"),
    ],
)
def test_a_study_that_contradicts_itself_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        study(**change)


def test_an_unknown_task_is_refused_when_the_study_is_read():
    with pytest.raises(UserError, match="socer"):
        study(settings=["socer-v3"])


def test_seeds_of_an_arm_that_trains_a_phase_are_put_together_and_others_stay_alone():
    known = study(settings=["push-v3"], counts=[1], arms={**study().arms, "imagining": IMAGINING})
    jobs = known.specifications(Path())
    first, *rest = known.gather(jobs)
    assert first == jobs[0]
    assert [spec.job for spec in rest if isinstance(spec, Trial)] == [
        Job("push-v3/1/warped", 1),
        Job("push-v3/1/replay", 0),
        Job("push-v3/1/replay", 1),
    ]
    assert rest[-1] == Seeds([jobs[2], jobs[5]])
    assert known.gather([jobs[5]]) == [jobs[5]]


def test_seeds_at_once_have_the_figures_of_each_alone_and_only_missing_ones_run(
    demonstrated, tmp_path, monkeypatch
):
    monkeypatch.setattr(FewShotStudy, "summarise", lambda *_: None)
    known = study(
        settings=["push-v3"],
        counts=[1],
        seeds=[0, 1, 2],
        arms={"warped": study().arms["warped"], "imagining": IMAGINING},
        recipe={**RECIPE, "steps": 20},
    )

    def results(place: str, seeds: list[int], at_once: bool) -> JobTable:
        node = {**asdict(replace(known, seeds=seeds)), "_recursive_": False}
        node["_target_"] = "nsca.studies.few_shot.FewShotStudy"
        run_study(OmegaConf.create(node), tmp_path / place, tmp_path, 1, at_once)
        return JobTable(tmp_path / place / "example" / "results.csv", ORIGIN)

    alone = results("alone", [0, 1, 2], False)
    assert demonstrated == []
    results("together", [1], True)
    together = results("together", [0, 1, 2], True)
    assert demonstrated == [[0, 2]], "seed 1 is done, and one seed alone is trained alone"
    assert together.finished() == alone.finished()
    for job in alone.finished():
        assert together.metrics_of(job) == pytest.approx(alone.metrics_of(job), rel=1e-3)
        assert together.origin_of(job)["settings"] == alone.origin_of(job)["settings"]
    assert len(set(alone.values("push-v3/1/imagining", "weight").values())) == 3


def test_a_study_that_was_cut_is_summarised_with_what_it_has(tmp_path):
    results = JobTable(tmp_path / "results.csv", ORIGIN)
    where = dict.fromkeys(ORIGIN, "1")
    for setting in ("push-v3", "soccer-v3_friction=0.3"):
        results.add(Job(f"{setting}/1/warped", 0), {"success": 0.5}, where)
    study().summarise(results, tmp_path)
    text = (tmp_path / "table.md").read_text()
    assert "Does it help?" in text
    assert "| warped | 0.500 | 1 |" in text
    assert "| replay | not measured | 0 |" in text
    assert "| push-v3 | 1 | 0.50 |" in (tmp_path / "settings.md").read_text()
    for picture in ("figure.png", "effects.png"):
        assert (tmp_path / picture).stat().st_size > 1000
