"""What drives is felt by how it differs from going on; what is learned goes beyond inertia."""

import pytest
import torch
from data.fake_drives import fake_moments
from phases.tiny_driving import Driven, driving_phase
from phases.tiny_dynamics import tiny_data, tiny_phase
from phases.tiny_vision import tiny_trainer

from nsca.data.own_place import gone_on
from nsca.errors import UserError
from nsca.objectives.driving import FELT, felt_driving
from nsca.phases.optimizer import OptimizerSettings


def test_what_goes_on_as_it_moves_is_felt_as_nothing_but_its_speed():
    last = torch.randn(4, 1, 6, generator=torch.Generator().manual_seed(0))
    seconds = torch.tensor([-0.1, 0.0, 0.3])
    felt = felt_driving(gone_on(last, seconds), last, seconds, torch.full((6,), 0.1))
    assert felt.shape == (4, 3, FELT)
    assert felt[..., :6].abs().max() < 1e-4
    torch.testing.assert_close(felt[:, 1, 6:], last[:, 0, 3:] / 20)


def test_training_finds_out_more_than_inertia_knows():
    settings = OptimizerSettings(learning_rate=1e-2, warmup_steps=5)
    phase = driving_phase(optimizer=settings, loss_weights={"physical": 1.0, "calibration": 0.1})
    data = tiny_data(source=Driven(), effective_batch=64)
    tiny_trainer(80, limit_val_batches=0).fit(phase, datamodule=data)
    rows = data.stored("val")
    rows.ask(phase.senses, phase.encoder)
    with torch.no_grad():
        batch = rows.window(rows.starts, 0)
        told = phase.imagination(batch).physical.mean(dim=1)[:, -1]
        on = phase.imagination(batch, by_prior=True).physical.mean(dim=1)[:, -1]
    true = batch.physical[:, -1]
    trained, inertia = ((each - true).square().sum(-1).mean().sqrt() for each in (told, on))
    assert trained < 0.5 * inertia


def test_what_drives_and_what_does_not_are_not_mixed():
    with pytest.raises(UserError, match="drives=true, and the data's things do not drive"):
        driving_phase().imagination.check_moments(tiny_data().source.moments("train"))
    with pytest.raises(UserError, match="drives=false, and the data's things drive"):
        tiny_phase().imagination.check_moments(fake_moments())
    with pytest.raises(ValueError, match="what drives has 6 numbers"):
        tiny_phase(with_hand=True, drives=True)
