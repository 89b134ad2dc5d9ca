"""Training in chunks: a killed one goes on where it was, and ends where an unbroken one does."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nsca.benchmarks.few_shot_setting import Setting
from nsca.benchmarks.reinforcement_training import Learner, Training, train
from nsca.benchmarks.training_episodes import TrainingEpisodes
from nsca.checkpoint import checkpoint_path, checkpoints_of, read_checkpoint
from nsca.errors import UserError

REACH = Setting("reach-v3")
# SAC begins to learn after 100 steps; PPO's shortest training is 2048
CHUNK = {"sac": 120, "ppo": 2048}


def training(algorithm: str, chunks: int = 2, **other) -> Training:
    every = CHUNK[algorithm]
    values = {"setting": "reach-v3", "seed": 5, "steps": chunks * every, "checkpoint_every": every}
    return Training(algorithm, **(values | other))


def weights(learner: Learner) -> dict[str, torch.Tensor]:
    return learner.model.get_parameters()["policy"]


class KilledError(Exception):
    """Stands for a kill: nothing in the suite catches it."""


@pytest.mark.parametrize("algorithm", ["sac", "ppo"])
def test_a_killed_training_goes_on_and_ends_with_the_bits_of_an_unbroken_one(
    algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = training(algorithm)
    unbroken = train(asked, REACH, tmp_path / "unbroken")
    unbroken.close()
    assert unbroken.steps == asked.steps

    begun: list[int] = []
    step = TrainingEpisodes.step_wait
    left = [CHUNK[algorithm] // 4 + 10]  # into the second chunk, four environments a step

    def killed(self):
        if not left[0]:
            raise KilledError
        left[0] -= 1
        return step(self)

    reset = TrainingEpisodes.reset

    def noted(self):
        begun.append(self.begun)
        return reset(self)

    monkeypatch.setattr(TrainingEpisodes, "step_wait", killed)
    with pytest.raises(KilledError):
        train(asked, REACH, tmp_path / "killed")
    assert checkpoints_of(tmp_path / "killed") == [
        checkpoint_path(tmp_path / "killed", CHUNK[algorithm])
    ]

    left[0] = CHUNK[algorithm] // 4  # no more than the second chunk: the first is not repeated
    monkeypatch.setattr(TrainingEpisodes, "reset", noted)
    resumed = train(asked, REACH, tmp_path / "killed")
    resumed.close()
    assert resumed.steps == asked.steps
    assert left == [0]
    assert begun[0] > 0
    for name, tensor in weights(unbroken).items():
        torch.testing.assert_close(weights(resumed)[name], tensor, rtol=0, atol=0)


def test_a_chunk_moves_the_weights_and_a_finished_training_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = training("sac", chunks=1)
    fresh = Learner(asked, REACH, None)
    fresh.close()
    first = train(asked, REACH, tmp_path)
    first.close()
    assert any(not torch.equal(weights(first)[k], v) for k, v in weights(fresh).items())
    monkeypatch.delattr(TrainingEpisodes, "step_wait")
    monkeypatch.setattr(TrainingEpisodes, "__abstractmethods__", frozenset())
    again = train(asked, REACH, tmp_path)
    again.close()
    seen = np.random.default_rng(0).normal(size=(3, 39))
    np.testing.assert_array_equal(first.act(seen), again.act(seen))


def test_the_last_checkpoints_are_kept_and_the_final_one_has_no_replay_buffer(tmp_path: Path):
    train(training("sac", chunks=1, steps=121), REACH, tmp_path).close()
    path = checkpoint_path(tmp_path, 124)  # whole rounds of four environments
    assert checkpoints_of(tmp_path) == [path]
    assert "replay" not in read_checkpoint(path)


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    asked = training("sac", chunks=1)
    train(asked, REACH, tmp_path).close()
    checkpoint_path(tmp_path, CHUNK["sac"]).write_bytes(b"NSCA-CHECKPOINT-1 half")
    again = train(asked, REACH, tmp_path)
    again.close()
    assert again.steps == asked.steps
    assert "using the previous checkpoint" in capsys.readouterr().err


def test_the_checkpoints_of_another_training_are_refused(tmp_path: Path):
    train(training("sac", chunks=1), REACH, tmp_path).close()
    with pytest.raises(UserError, match="seed was 5, is now 6"):
        train(training("sac", chunks=1, seed=6), REACH, tmp_path)


def test_global_random_numbers_are_left_as_they_were(tmp_path: Path):
    torch.manual_seed(3)
    np.random.seed(3)
    expected = (torch.rand(1), np.random.rand())
    torch.manual_seed(3)
    np.random.seed(3)
    train(training("sac", chunks=1), REACH, tmp_path).close()
    assert (torch.rand(1), np.random.rand()) == expected
