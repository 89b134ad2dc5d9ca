import fake_scene
import numpy as np
import pytest
from fake_jobs import InlinePool

from nsca import jobs
from nsca.benchmarks import few_shot_arms, few_shot_learning
from nsca.benchmarks.few_shot_learning import Shown
from nsca.benchmarks.success import Played, Trying
from nsca.phases.fewshot.module import FewShotPhase
from nsca.studies import few_shot_trials
from nsca.studies.plan import StudyPlan


@pytest.fixture
def plan() -> StudyPlan:
    """Two conditions, two seeds, one baseline."""
    return StudyPlan(
        name="example",
        question="Does it help?",
        prediction="Yes.",
        reference="off",
        seeds=[0, 1],
        babble=None,
        train=[],
        conditions={"off": [], "on": ["x=1"]},
        evaluate=[],
        leave_out="-[1-5]$",
        metrics=["val/shape/trained"],
        primary=["val/shape/trained"],
        baselines={"raw pixels": "pixels"},
    )


@pytest.fixture
def demonstrated(monkeypatch) -> list[list[int]]:
    """Demonstrations and episodes without a simulator, jobs without processes; which seeds have
    learned at once.
    """
    learned = []

    def record(setting, count, seed) -> Shown:
        shown = [fake_scene.demonstration((0.02 * seed, 0.7))]
        return Shown(shown, [fake_scene.demonstration((0.02, 0.69))], 0.5)

    def act(agent, *_) -> Played:
        here = fake_scene.scene((0.01, 0.71), (0.1, 0.85))[None]
        agent.begin(here)
        for _ in range(12):
            agent.act(here)
        tried = np.array(agent.attempts) if isinstance(agent, Trying) else None
        return Played(np.array([True]), np.array([3]), tried)

    def learn_seeds(shown, prior, weight, recipe, seeds) -> list[FewShotPhase]:
        learned.append(list(seeds))
        return few_shot_learning.learn_seeds(shown, prior, weight, recipe, seeds)

    monkeypatch.setattr(few_shot_trials, "record", record)
    monkeypatch.setattr(few_shot_learning, "act", act)
    monkeypatch.setattr(few_shot_arms, "act", act)
    monkeypatch.setattr(few_shot_arms, "learn_seeds", learn_seeds)
    monkeypatch.setattr(jobs, "ProcessPoolExecutor", InlinePool)
    return learned
