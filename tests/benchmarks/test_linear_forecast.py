"""The linear map knows what is linear, on windows that it was not fitted on."""

from dataclasses import replace

import pytest
import torch
from phases.tiny_driving import Driven, driving_phase
from phases.tiny_dynamics import tiny_data
from phases.tiny_vision import tiny_trainer

from nsca.benchmarks.linear_forecast import LinearForecast
from nsca.errors import UserError


def windows(split: str = "train"):
    phase = driving_phase()
    data = tiny_data(source=Driven(), effective_batch=64)
    tiny_trainer(1, limit_val_batches=0).fit(phase, datamodule=data)
    rows = data.stored(split)
    rows.ask(phase.senses, phase.encoder)
    return phase.imagination, rows.window(rows.starts, 0)


def test_a_car_that_speeds_up_steadily_is_foretold():
    model, known = windows()
    _, asked = windows("val")
    told = LinearForecast(model, known)(asked)
    true = asked.physical[:, model.past :]
    assert told.shape == true.shape
    off = (told - true)[..., :3].norm(dim=-1).square().mean().sqrt()
    drifted = asked.physical[:, model.past - 1, None, 3:6] * 0.05 * torch.arange(1, 5)[:, None]
    inertia = (drifted - true[..., :3]).norm(dim=-1).square().mean().sqrt()
    assert off < 0.05 * inertia


def test_only_the_last_latent_is_read_and_nothing_that_is_done_later():
    model, known = windows()
    _, asked = windows("val")
    last = torch.full_like(known.latent, torch.nan)
    last[:, model.past - 1] = known.latent[:, model.past - 1]
    known.action[:] = torch.randn(known.action.shape, generator=torch.Generator().manual_seed(0))
    # what is done in the end tells how far it came before
    known.action[:, -2] = 10 * known.physical[:, model.past, :1]
    told = LinearForecast(model, replace(known, latent=last))
    later = asked.action.clone()
    later[:, model.past :] += 1
    one, other = (told(replace(asked, action=action)) for action in (asked.action, later))
    assert torch.equal(one[:, 0], other[:, 0])
    assert not torch.equal(one[:, -1], other[:, -1])


def test_windows_without_a_number_in_them_are_refused():
    model, known = windows()
    known.physical[:] = float("nan")
    with pytest.raises(UserError, match="no linear map"):
        LinearForecast(model, known)
