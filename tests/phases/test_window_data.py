"""What data modules of windows share; through them: dynamics/ and memory/test_data."""

import torch
from phases.tiny_dynamics import tiny_data, tiny_phase

from nsca.phases.window_data import WindowData


def test_latents_of_all_that_steps_show_are_asked_for_and_scales_are_taken_once():
    data, phase = tiny_data(), tiny_phase()
    assert isinstance(data, WindowData)
    assert not phase.senses.fitted
    data.pack(phase.senses, phase.encoder)
    assert phase.senses.fitted
    before = {name: value.clone() for name, value in phase.senses.state_dict().items()}
    data.pack(phase.senses, phase.encoder)
    after = phase.senses.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.isfinite(data.stored("train").latents()).all()
    shown = [torch.isfinite(batch.latent).all() for batch in data.val_dataloader()]
    assert shown
    assert all(shown)
    assert not torch.isfinite(data.stored("val").latents()).all()  # the others were spared
