"""`debug=profiler`: what a step costs, measured on a training, and what to change."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from phases.tiny_vision import tiny_trainer
from phases.toy_phase import Batches, Points, ToyPhase
from torch.autograd import DeviceType
from torch.autograd.profiler_util import FunctionEvent

from nsca.callbacks import step_profile
from nsca.callbacks.step_profile import FEWEST, StepProfile, kernel_seconds
from nsca.composition import compose
from nsca.errors import UserError
from nsca.hardware import profile_of

CPU = profile_of(compose("train", ["hardware=cpu"]))


def test_a_training_is_timed_and_its_last_steps_traced(tmp_path: Path, capsys):
    found = StepProfile(tmp_path / "profile", CPU, "toy", 1)
    tiny_trainer(FEWEST, callbacks=[found]).fit(ToyPhase(), Batches(FEWEST), Batches(1))
    content = json.loads((tmp_path / "profile" / "recommendations.json").read_text())
    cost = content["cost"]
    assert 0 < cost["seconds"] < 10
    assert 0 <= cost["waiting"] < 1
    assert 0.05 < cost["peak_gb"] < 50
    assert cost["busy"] is None
    assert 0 < sum(cost["operations"].values()) <= 1.0001
    trace = json.loads(gzip.decompress((tmp_path / "profile" / "trace.json.gz").read_bytes()))
    steps = [e for e in trace["traceEvents"] if str(e.get("name")).startswith("Optimizer.step#")]
    assert len(steps) == 3
    assert "aten::" in (tmp_path / "profile" / "operations.txt").read_text()
    assert "profile: a step takes" in capsys.readouterr().err


def test_waiting_is_the_share_before_a_batch_is_there(tmp_path: Path, monkeypatch):
    """On a clock that a batch moves by 3 s and an embedding by half a second."""
    clock = [0.0]
    monkeypatch.setattr(step_profile, "_now", lambda _: clock[0])

    class Slow(Batches):
        def __iter__(self) -> Iterator[Points]:
            for batch in super().__iter__():
                clock[0] += 3.0
                yield batch

    class Timed(ToyPhase):
        def embed(self, batch: Points) -> dict[str, torch.Tensor]:
            clock[0] += 0.5
            return super().embed(batch)

    found = StepProfile(tmp_path / "profile", CPU, "toy", 2)
    tiny_trainer(FEWEST, callbacks=[found]).fit(Timed(micro_batch=12), Slow(FEWEST), Batches(1))
    content = json.loads((tmp_path / "profile" / "recommendations.json").read_text())
    assert content["cost"]["seconds"] == pytest.approx(3.5)
    assert content["cost"]["waiting"] == pytest.approx(3 / 3.5)
    assert content["recommendations"][0]["because"].startswith("86% of a step of 3.5 s")


def test_a_validation_is_not_waiting(tmp_path: Path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(step_profile, "_now", lambda _: clock[0])

    class Timed(ToyPhase):
        def embed(self, batch: Points) -> dict[str, torch.Tensor]:
            clock[0] += 100.0 if self.trainer.validating else 0.5
            return super().embed(batch)

    found = StepProfile(tmp_path / "profile", CPU, "toy", 1)
    trainer = tiny_trainer(FEWEST, val_check_interval=1, callbacks=[found])
    trainer.fit(Timed(), Batches(FEWEST), Batches(1))
    cost = json.loads((tmp_path / "profile" / "recommendations.json").read_text())["cost"]
    assert cost["seconds"] == pytest.approx(0.5)
    assert cost["waiting"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("steps", [5, FEWEST - 1])
def test_too_few_steps_are_refused(tmp_path: Path, steps: int):
    found = StepProfile(tmp_path / "profile", CPU, "toy", 1)
    with pytest.raises(UserError, match=f"{steps} are left to train"):
        tiny_trainer(steps, callbacks=[found]).fit(ToyPhase(), Batches(steps), Batches(1))
    assert not (tmp_path / "profile").exists()


def test_kernels_are_counted_once():
    kernel, span = (
        FunctionEvent(
            id=number,
            name="kernel",
            thread=0,
            start_us=0,
            end_us=3_000_000,
            device_type=DeviceType.CUDA,
            use_device="cuda",
            is_user_annotation=annotation,
        )
        for number, annotation in enumerate((False, True))
    )
    launch = FunctionEvent(id=2, name="launch", thread=0, start_us=0, end_us=9_000_000)
    assert kernel_seconds([kernel, launch, span, kernel]) == 6
