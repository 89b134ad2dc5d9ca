"""The baseline and its control in ML10's test tasks, seed by seed."""

from functools import partial

import pytest

from nsca.benchmarks import metaworld_ml10
from nsca.benchmarks.adaptation import TEST_TASKS, AdaptationProtocol
from nsca.benchmarks.metaworld_ml10 import MetaworldML10, judge_adaptation
from nsca.benchmarks.outcomes import Outcome, share
from nsca.errors import UserError

SEED = 900  # no seed of any experiment


def benchmark(**changes: object) -> MetaworldML10:
    settings = {"adaptation": AdaptationProtocol(2, 2, 1, 20), "seeds": 2}
    return MetaworldML10(**{**settings, "workers": 1, "home": "kept", "quick": False, **changes})


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


def rows_of(name: str, protocol: AdaptationProtocol, seed: int) -> list[Outcome]:
    return [share("push-v3", 0, seed, name, "adapted", [True], "nowhere")]


def test_every_seed_and_agent_is_a_piece(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(metaworld_ml10, "judge_adaptation", rows_of)
    pieces = list(benchmark().judge(None, SEED, tmp_path))
    assert [(piece[0].seed, piece[0].agent) for piece in pieces] == [
        (SEED, "repeated_best"),
        (SEED, "random"),
        (SEED + 1, "repeated_best"),
        (SEED + 1, "random"),
    ]
    assert "4/4 seed 901: random succeeds in 1.00" in capsys.readouterr().out


def test_what_is_finished_is_not_played_again(monkeypatch, tmp_path):
    played = []

    def play(name: str, protocol: AdaptationProtocol, seed: int) -> list[Outcome]:
        played.append((name, seed))
        if len(played) == 3:
            raise KeyboardInterrupt
        return rows_of(name, protocol, seed)

    monkeypatch.setattr(metaworld_ml10, "judge_adaptation", play)
    with pytest.raises(KeyboardInterrupt):
        list(benchmark(home=str(tmp_path)).judge(None, SEED, tmp_path))
    whole = list(benchmark(home=str(tmp_path)).judge(None, SEED, tmp_path))
    assert played[2:] == [("repeated_best", SEED + 1)] * 2 + [("random", SEED + 1)]
    assert [piece[0].agent for piece in whole] == ["repeated_best", "random"] * 2
    again = list(benchmark(home=str(tmp_path)).judge(None, SEED, tmp_path))
    assert again == whole
    assert len(played) == 5
    longer = AdaptationProtocol(2, 2, 1, 30)
    list(benchmark(home=str(tmp_path), adaptation=longer).judge(None, SEED, tmp_path))
    assert len(played) == 9, "another protocol is another game"


@pytest.mark.slow  # two processes import everything
def test_processes_give_the_same_pieces():
    cells = [partial(share, "push-v3", 1, seed, "a", "success", [True], "") for seed in (0, 1, 2)]
    listed = list(metaworld_ml10._results(cells, workers=2))
    assert {row.seed for row in listed} == {0, 1, 2}


def test_quick_means_little_of_everything():
    quick = benchmark(quick=True)
    assert (quick.seeds, quick.adaptation.goals, quick.adaptation.max_steps) == (1, 1, 60)


@pytest.mark.parametrize("wrong", [{"seeds": 0}, {"workers": 0}])
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(UserError):
        benchmark(**wrong)
