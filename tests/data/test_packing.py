import numpy as np
import pytest
import torch
from phases.tiny_fusion import Glowing, tiny_phase

from nsca.data import packing
from nsca.data.packing import left_over, pack
from nsca.errors import UserError


def test_every_moment_has_the_features_of_the_senses_that_are_there(monkeypatch):
    monkeypatch.setattr(packing, "CHUNK", 7)
    senses, moments = tiny_phase().senses, Glowing(clips=6).moments("train")
    packed = pack(moments, senses, np.arange(len(moments)))
    parts = senses.parts(packed)
    heard = torch.from_numpy(moments.present["audio"])
    sounds = torch.from_numpy(moments.stored["audio"].rows(np.arange(len(moments))))
    expected = senses.audio.embed_stored(sounds)
    assert torch.allclose(parts["audio"][heard], expected[heard], atol=1e-5)
    assert (parts["audio"][~heard] == 0).all()
    assert heard.any()
    assert not heard.all()
    body = moments.stored["proprioception"].rows(np.arange(len(moments)))
    assert torch.equal(parts["proprioception"], torch.from_numpy(body))
    some = np.array([5, 2, 3])
    assert torch.allclose(pack(moments, senses, some), packed[some], atol=1e-5)


def test_readings_of_another_width_are_refused():
    senses = tiny_phase().senses
    senses.widths["proprioception"] = 5
    with pytest.raises(UserError, match=r"have 4 numbers, the model takes 5.*proprioception=4"):
        pack(Glowing(clips=2).moments("train"), senses, np.arange(8))


def test_senses_are_left_out_but_never_all_of_them():
    rng = np.random.default_rng(0)
    there = rng.random((4000, 3)) < 0.7
    kept = left_over(there, 0.5, rng)
    assert not (kept & ~there).any()
    assert (kept.any(axis=1) == there.any(axis=1)).all()
    alone = there.sum(axis=1) == 1
    assert (kept[alone] == there[alone]).all()
    full = there.all(axis=1)
    assert kept[full].sum(axis=1).mean() == pytest.approx(3 * 0.5 + 0.125, abs=0.05)
    assert (left_over(there, 0.0, rng) == there).all()
