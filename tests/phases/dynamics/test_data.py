"""Windows of each step: pure functions of seed and step."""

import numpy as np
import pytest
import torch
from phases.short_trainings import batches_seen
from phases.tiny_dynamics import AHEAD, PAST, PER_CLIP, Pushed, tiny_data, tiny_phase
from phases.tiny_fusion import Glowing
from phases.tiny_vision import MovingShapes

from nsca.errors import UserError
from nsca.phases.dynamics.data import WindowRows


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


def test_changes_grow_with_the_horizon():
    phase, windows = tiny_phase(), rows(clips=200)
    phase.senses.fit(torch.zeros(0, 68), torch.zeros(0, 3, dtype=torch.bool))
    windows.ask(phase.senses, phase.encoder)
    _, physical = windows.changes()
    assert (physical[1:, :2] > physical[:-1, :2]).all()
    assert physical[0, 3].item() == pytest.approx(0.2, rel=0.1)
    assert (physical[-1] > physical[0]).all()


def test_a_resumed_run_sees_what_an_uninterrupted_one_would(tmp_path):
    def seen(steps: int, **how: object) -> list[tuple[int, float]]:
        return batches_seen(
            tiny_phase(), tiny_data(), steps, lambda b: b.physical.double().sum().item(), **how
        )

    whole = seen(5)
    assert len({fingerprint for _, fingerprint in whole}) == 5
    seen(2, save=tmp_path / "a.ckpt")
    assert seen(5, checkpoint=tmp_path / "a.ckpt") == whole[2:]


def test_bad_sources_are_named():
    with pytest.raises(UserError, match="one sense alone"):
        tiny_data(source=MovingShapes())
    with pytest.raises(UserError, match="what is done and where things are"):
        tiny_data(source=Glowing()).setup("fit")
    with pytest.raises(UserError, match=r"physical state of 1 moments is not finite.*clip 1"):
        tiny_data(source=Pushed(broken=True)).setup("fit")
    with pytest.raises(UserError, match="no clip of 12 moments"):
        tiny_data(ahead=9).setup("fit")
    odd = Pushed().moments("train")
    object.__setattr__(odd, "physical", np.zeros((len(odd), 5), np.float32))
    with pytest.raises(UserError, match="5 numbers of physical state"):
        WindowRows(odd, PAST, AHEAD, "odd")
    with pytest.raises(RuntimeError, match="not been asked"):
        rows().latents()
