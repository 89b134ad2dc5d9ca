"""Every arm, number and baseline of ML10, with tiny numbers; training reaches neither simulator
nor expert.
"""

from functools import partial

import pytest

from nsca.benchmarks import metaworld_ml10
from nsca.benchmarks.adaptation import TEST_TASKS, AdaptationProtocol
from nsca.benchmarks.few_shot_learning import Recipe
from nsca.benchmarks.metaworld_ml10 import (
    FewShotSettings,
    MetaworldML10,
    judge_adaptation,
    judge_task,
)
from nsca.benchmarks.outcomes import Outcome, share
from nsca.errors import UserError
from nsca.priors.physics import Physics
from nsca.worlds.metaworld import env, experts

SEED = 900  # no seed of any experiment
RECIPE = Recipe(steps=2, batch=32, members=2, width=8, contribution=1e-3, learning_rate=3e-3)


def benchmark(**changes: object) -> MetaworldML10:
    settings = {"prior": Physics(9.81), "weight": 0.9, "recipe": RECIPE, "counts": [1, 2]}
    settings |= {"episodes": 2, "adaptation": AdaptationProtocol(2, 2, 1, 20), "seeds": 2}
    return MetaworldML10(**{**settings, "workers": 1, "quick": False, **changes})


def test_training_may_neither_step_the_simulator_nor_ask_the_expert(monkeypatch):
    learn, trained = metaworld_ml10.learn, []

    def forbidden(*args, **kwargs):
        raise AssertionError("training touched the simulator or the expert")

    def guarded(shown, prior, weight, *rest):
        with pytest.MonkeyPatch.context() as patch:
            for name in ("__init__", "reset", "step"):
                patch.setattr(env.MetaWorldEnvs, name, forbidden)
            patch.setattr(experts.Expert, "__init__", forbidden)
            patch.setattr(experts.Expert, "__call__", forbidden)
            phase = learn(shown, prior, weight, *rest)
        trained.append((len(shown.learned), len(shown.held_out), float(weight())))
        return phase

    monkeypatch.setattr(metaworld_ml10, "learn", guarded)
    settings = FewShotSettings(Physics(9.81), 0.9, RECIPE, [1, 2], 2)
    rows = judge_task(settings, "door-close-v3", SEED)
    weight = pytest.approx(0.9)
    assert trained == [(1, 5, weight), (1, 5, 0.0), (2, 5, weight), (2, 5, 0.0)]
    found = {(row.demonstrations, row.figure, row.agent): row for row in rows}
    for count in (1, 2):
        for agent in ("few_shot", "blank", "warped"):
            assert found[count, "success", agent].samples == 2
        for agent in ("few_shot", "blank", "still"):
            assert found[count, "model_error_cm", agent].value > 0
    assert found[2, "success", "warped"].value == 1.0, "closing a door is a matter of geometry"
    same = {found[count, "model_error_cm", "still"].value for count in (1, 2)}
    assert len(same) == 1, "held-out demonstrations do not depend on how many are learned from"


def test_baseline_and_control_are_judged_on_every_test_task(monkeypatch):
    asked = []

    def played(agent, protocol, seed):
        asked.append((type(agent).__name__, protocol.adaptation_episodes, seed))
        return dict.fromkeys(TEST_TASKS, 0.25)

    monkeypatch.setattr(metaworld_ml10, "success_after_adaptation", played)
    protocol = AdaptationProtocol(goals=4, evaluation_episodes=1)
    for name in ("repeated_best", "random"):
        rows = judge_adaptation(name, protocol, SEED)
        assert [row.task for row in rows] == list(TEST_TASKS)
        assert {(row.agent, row.figure, row.value, row.samples) for row in rows} == {
            (name, "adapted", 0.25, 4)
        }
    assert asked == [("RepeatedBest", 10, SEED), ("RandomActing", 1, SEED)]


def rows_of(kind: str, *key: object) -> list[Outcome]:
    return [share(str(key[-2]), 1, int(str(key[-1])), kind, "success", [True], "nowhere")]


def test_every_seed_and_task_is_a_piece(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(metaworld_ml10, "judge_task", partial(rows_of, "few_shot"))
    monkeypatch.setattr(metaworld_ml10, "judge_adaptation", partial(rows_of, "any"))
    pieces = list(benchmark().judge(None, SEED, tmp_path))
    assert len(pieces) == 2 * (len(TEST_TASKS) + 2)
    assert [piece[0].seed for piece in pieces[:5]] == [SEED] * 5
    assert "14/14" in capsys.readouterr().out


@pytest.mark.slow  # two processes import everything
def test_processes_give_the_same_pieces():
    cells = [partial(share, "push-v3", 1, seed, "a", "success", [True], "") for seed in (0, 1, 2)]
    listed = list(metaworld_ml10._results(cells, workers=2))
    assert {row.seed for row in listed} == {0, 1, 2}


def test_quick_means_little_of_everything():
    quick = benchmark(quick=True, counts=[5, 100])
    assert (quick.few_shot.counts, quick.seeds, quick.adaptation.goals) == ([1], 1, 1)


@pytest.mark.parametrize("wrong", [{"counts": []}, {"counts": [0]}, {"seeds": 0}, {"workers": 0}])
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(UserError):
        benchmark(**wrong)
