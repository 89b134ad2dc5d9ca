"""Steps are whole ones, on this processor; of a GPU that is not there nothing is measured."""

from unittest.mock import Mock

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer

from nsca.benches.profile_step import WARM_STEPS, StepTimer, figures

CHECKPOINTING = "hardware.gradient_checkpointing=true"
TINY = ("model=nsca_tiny", "effective_batch=4")


@pytest.mark.parametrize("phase", ["audio", "dynamics"])  # with and without scales to fit
def test_steps_of_a_processor(phase: str):
    found = figures([f"phase={phase}", *TINY, "hardware=cpu", "hardware.micro_batch.default=2"], 1)
    assert found.keys() == {"planned_gb", "peak_gb", "samples_per_s", "micro_batch"}
    assert found["samples_per_s"] > 0
    assert found["micro_batch"] == 2


def test_checkpointing_is_counted_and_an_absent_gpu_is_not_measured(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("nsca.benches.profile_step.may_have", lambda _: False)
    asked = ["phase=vision", *TINY, "hardware=8gb"]
    plain, less = (figures([*asked, *more], 1) for more in ([], [CHECKPOINTING]))
    assert plain.keys() == less.keys() == {"planned_gb"}
    assert less["planned_gb"] < plain["planned_gb"]


def test_a_step_that_is_skipped_is_not_timed():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight])
    trainer = Mock(spec=Trainer, optimizers=[optimizer])
    timer = StepTimer("cpu", steps=2)
    for step in range(1, WARM_STEPS["cpu"] + 3):
        trainer.global_step = step
        if step != WARM_STEPS["cpu"] + 2:
            optimizer.step()
        timer.on_train_batch_end(trainer, Mock(spec=LightningModule, device=torch.device("cpu")))
    assert timer.seconds > 0
    with pytest.raises(RuntimeError, match="1 of 2 steps were skipped"):
        timer.check()
