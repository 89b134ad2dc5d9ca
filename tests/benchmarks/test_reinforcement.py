"""The arm: it learns and acts without demonstrations, and says what is missing."""

import sys
from pathlib import Path

import pytest

from nsca.benchmarks import few_shot_learning
from nsca.benchmarks.few_shot_arms import Arm
from nsca.benchmarks.few_shot_learning import Recipe, Shown, record
from nsca.benchmarks.few_shot_setting import Setting
from nsca.benchmarks.reinforcement import Reinforcement
from nsca.checkpoint import checkpoints_of, read_header
from nsca.errors import UserError
from nsca.job_table import Job, JobTable
from nsca.studies.few_shot_summary import Scores, learning_curves, tables
from nsca.studies.few_shot_trials import ORIGIN
from nsca.worlds.metaworld.env import MetaWorldEnvs
from nsca.worlds.metaworld.episode_seeds import episode_seeds

REACH = Setting("reach-v3")
RECIPE = Recipe(steps=1, batch=1, members=1, width=1, contribution=0.0, learning_rate=0.0)


@pytest.mark.parametrize(("algorithm", "steps"), [("sac", 120), ("ppo", 2048)])
def test_it_learns_in_training_episodes_and_acts_in_those_of_evaluation(
    algorithm: str, steps: int, monkeypatch: pytest.MonkeyPatch
):
    played: list[int] = []
    reset = MetaWorldEnvs.reset

    def noted(self, *, seed=None, options=None):
        played.extend(seed)
        return reset(self, seed=seed, options=options)

    monkeypatch.setattr(MetaWorldEnvs, "reset", noted)
    arm = Reinforcement(algorithm, steps, "home")
    assert isinstance(arm, Arm)
    figures = arm.figures(record(REACH, 0, 5), REACH, RECIPE, 5, 2)
    assert 0.0 <= figures["success"] <= 1.0
    assert figures["environment_steps"] == steps
    evaluation = episode_seeds("reach-v3", "evaluation", 5, 1000)
    assert played[-2:] == evaluation[:2]
    assert len(played) > 4
    assert not set(played[:-2]) & set(evaluation)

    (path,) = checkpoints_of(Path("home") / f"{algorithm}-reach-v3-5")
    assert read_header(path).step == steps
    assert "stable-baselines3" in read_header(path).versions
    played.clear()
    assert arm.figures(record(REACH, 0, 5), REACH, RECIPE, 5, 2) == figures
    assert played == evaluation[:2]


def test_a_training_of_no_steps_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Reinforcement("sac", 0, "home")


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    with pytest.raises(UserError, match=r"not installed \(pip install 'nsca\[references\]'\)"):
        Reinforcement("sac", 1, "home").figures(Shown([], []), REACH, RECIPE, 0, 1)


def test_no_demonstrations_ask_no_expert(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(few_shot_learning, "record_demonstrations")
    shown = record(Setting("push-v3"), 0, 0)
    assert shown.train() == shown.val() == []


def test_a_study_without_demonstrations_has_tables_and_no_curve(tmp_path: Path):
    results = JobTable(tmp_path / "results.csv", ORIGIN)
    for arm, success in (("sac", 0.8), ("ppo", 0.2)):
        origin = dict.fromkeys(ORIGIN, "0")
        results.add(Job(f"reach-v3/0/{arm}", 0), {"success": success}, origin)
    scores = Scores(["reach-v3"], [0], ["success @ 0"], ["sac", "ppo"], "ppo", None, results)
    assert "0.80" in tables(scores)["settings.md"]
    assert not learning_curves(scores).axes
