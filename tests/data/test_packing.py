import numpy as np
import pytest
import torch
from phases.tiny_fusion import Glowing, tiny_phase

from nsca.data import packing
from nsca.data.packing import left_over, pack, pack_training
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


def test_the_training_part_gives_a_scale_where_there_is_none_and_is_asked_once(monkeypatch):
    senses, moments = tiny_phase().senses, Glowing(clips=6).moments("train")
    asked: list[str] = []
    monkeypatch.setattr(packing, "pack", lambda *a: asked.append("all") or pack(*a))
    body = senses.parts(pack_training(moments, senses))["proprioception"]
    assert senses.fitted
    assert asked == ["all"]
    there = torch.from_numpy(moments.present["proprioception"])
    assert torch.allclose(body[there].mean(dim=0), torch.zeros(body.shape[1]), atol=1e-4)
    scale = {name: value.clone() for name, value in senses.state_dict().items()}
    pack_training(Glowing(clips=2).moments("train"), senses)
    assert all(torch.equal(scale[name], value) for name, value in senses.state_dict().items())


def test_a_long_asking_says_how_far_it_is(monkeypatch, capsys):
    monkeypatch.setattr(packing, "CHUNK", 7)
    senses, moments = tiny_phase().senses, Glowing(clips=6).moments("train")
    pack(moments, senses, np.arange(len(moments)))
    assert not capsys.readouterr().err
    monkeypatch.setattr(packing, "SPEAK_EVERY_S", -1.0)
    pack(moments, senses, np.arange(len(moments)))
    assert "asking the encoder of vision: 7/" in capsys.readouterr().err


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
