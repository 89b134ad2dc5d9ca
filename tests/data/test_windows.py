"""Stretches of moments, each of one clip."""

import numpy as np
import pytest
import torch
from data.fake_drives import fake_moments
from phases.tiny_dynamics import AHEAD, PAST, PER_CLIP, Pushed, tiny_phase
from phases.tiny_memory import Mirrored

from nsca.data.windows import WindowRows
from nsca.errors import UserError


def rows(**source) -> WindowRows:
    return WindowRows(Pushed(**source).moments("train"), PAST, AHEAD, "pushed")


def test_a_window_lies_in_one_clip():
    windows = rows()
    assert len(windows) == 24 * (PER_CLIP - PAST - AHEAD + 1)
    phase = tiny_phase()
    phase.senses.fit(torch.zeros(0, 68), torch.zeros(0, 3, dtype=torch.bool))
    windows.ask(phase.senses, phase.encoder)
    batch = windows.window(windows.starts, 0)
    assert batch.latent.shape == (72, PAST + AHEAD, 8)
    assert torch.isfinite(batch.latent).all()
    gained = batch.physical[:, 1:, 3:] - batch.physical[:, :-1, 3:]
    torch.testing.assert_close(gained, batch.action[:, :-1], atol=1e-5, rtol=0)


def test_only_what_is_asked_for_has_latents():
    phase, some = tiny_phase(), rows()
    phase.senses.fit(torch.zeros(0, 68), torch.zeros(0, 3, dtype=torch.bool))
    everything = rows()
    everything.ask(phase.senses, phase.encoder)
    some.ask(phase.senses, phase.encoder, some.starts[:2])
    one, other = (each.window(some.starts[:2], 0).latent for each in (some, everything))
    torch.testing.assert_close(one, other)
    assert some.window(some.starts[-1:], 0).latent.isnan().all()


def test_of_the_last_moment_seen_alone():
    phase, some = tiny_phase(), rows()
    phase.senses.fit(torch.zeros(0, 68), torch.zeros(0, 3, dtype=torch.bool))
    everything = rows()
    everything.ask(phase.senses, phase.encoder)
    some.ask(phase.senses, phase.encoder, some.spread_starts()[::5], last_seen=True)
    one, other = (each.window(some.spread_starts()[::5], 0).latent for each in (some, everything))
    torch.testing.assert_close(one[:, PAST - 1], other[:, PAST - 1])
    assert int(some.latents().isfinite().all(dim=1).sum()) == len(one)


def test_changes_grow_with_the_horizon():
    phase, windows = tiny_phase(), rows(clips=200)
    phase.senses.fit(torch.zeros(0, 68), torch.zeros(0, 3, dtype=torch.bool))
    windows.ask(phase.senses, phase.encoder)
    _, physical = windows.changes()
    assert (physical[1:, :2] > physical[:-1, :2]).all()
    assert physical[0, 3].item() == pytest.approx(0.2, rel=0.1)
    assert (physical[-1] > physical[0]).all()


def test_windows_of_tasks():
    windows = WindowRows(Mirrored().moments("train"), PAST, AHEAD, "mirrored")
    assert windows.tasks() == ["mirrored", "plain"]
    plain = windows.of_tasks(["plain"])
    assert len(plain) == len(windows) // 2
    assert (windows.clip[windows.starts[plain]] % 2 == 0).all()
    assert len(windows.of_tasks(["plain", "mirrored"])) == len(windows)
    with pytest.raises(UserError, match="pushed does not say which task"):
        rows().tasks()


def test_bad_moments_are_named():
    odd = Pushed().moments("train")
    object.__setattr__(odd, "physical", np.zeros((len(odd), 5), np.float32))
    with pytest.raises(UserError, match="5 numbers of physical state"):
        WindowRows(odd, PAST, AHEAD, "odd")
    with pytest.raises(RuntimeError, match="not been asked"):
        rows().latents()


def test_what_drives_is_told_from_its_place_in_units_of_what_inertia_gets_wrong():
    windows = WindowRows(fake_moments(), PAST, AHEAD, "driven")
    phase = tiny_phase()
    phase.senses.fit(torch.zeros(0, 68), torch.zeros(0, 3, dtype=torch.bool))
    windows.ask(phase.senses, phase.encoder)
    physical = windows.window(windows.starts, 0).physical
    assert physical[:, PAST - 1, :3].abs().max() == 0
    assert physical[:, PAST - 1, 3].min() > 5, "x is ahead"
    assert physical[:, PAST:, 0].min() > 0.3, "a car goes further in a step than all there is"
    _, change = windows.changes()
    assert change[0, 0] < 0.01
    assert change[0, 0] < 0.1 * change[-1, 0] < 0.02
