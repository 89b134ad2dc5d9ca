from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

import nsca
from nsca.assembly import build_phase
from nsca.checkpoint import HEADER_KEY, CheckpointHeader, checkpoint_path, write_checkpoint
from nsca.composition import compose
from nsca.errors import UserError


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Three checkpoints of a phase whose weights all equal the step; the second is the best."""
    cfg = compose("train", ["model=nsca_tiny"])
    OmegaConf.save(cfg, tmp_path / "config.yaml")
    state = build_phase(cfg).state_dict()
    for step, figure in ((1, 3.0), (2, 1.0), (3, 2.0)):
        filled = {n: torch.full_like(v, step) for n, v in state.items()}
        header = CheckpointHeader(step, "", "", {}, figure, {})
        content = {"state_dict": filled, HEADER_KEY: asdict(header)}
        write_checkpoint(content, checkpoint_path(tmp_path, step))
    return tmp_path


def loaded_step(run: Path) -> int:
    return int(next(nsca.load(run).parameters()).flatten()[0])


def test_the_best_checkpoint_is_loaded_and_otherwise_the_last_intact_one(run: Path, capsys):
    assert loaded_step(run) == 2
    assert not nsca.load(str(run)).training
    checkpoint_path(run, 2).write_bytes(checkpoint_path(run, 2).read_bytes()[:-1])
    assert loaded_step(run) == 3
    assert "damaged" in capsys.readouterr().err


def test_of_a_run_that_keeps_no_best_the_last_counts(run: Path):
    config = OmegaConf.load(run / "config.yaml")
    config.checkpoint.keep_best = 0
    OmegaConf.save(config, run / "config.yaml")
    assert loaded_step(run) == 3


def test_what_cannot_be_loaded_is_named(run: Path, tmp_path: Path):
    with pytest.raises(UserError, match="not a run directory"):
        nsca.load(tmp_path / "nothing")
    (tmp_path / "evaluation").mkdir()
    file = tmp_path / "evaluation" / "config.yaml"
    file.write_text("seed: 0\nbenchmark: {}\n")
    with pytest.raises(UserError, match=r"not a run of nsca\.train"):
        nsca.load(tmp_path / "evaluation")
    file.write_text("seed: [0\n")
    with pytest.raises(UserError, match="damaged"):
        nsca.load(tmp_path / "evaluation")
    for step in (1, 2, 3):
        checkpoint_path(run, step).unlink()
    with pytest.raises(UserError, match="no intact checkpoint"):
        nsca.load(run)
