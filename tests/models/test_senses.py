import pytest
import torch
from phases.tiny_audio import TIME
from phases.tiny_audio import tiny_encoder as tiny_audio
from phases.tiny_vision import tiny_encoder as tiny_vision

from nsca.models.sense_names import SENSES
from nsca.models.senses import Senses


@pytest.fixture
def senses() -> Senses:
    torch.manual_seed(0)
    return Senses(vision=tiny_vision(), audio=tiny_audio(), proprioception=4)


def test_each_sense_goes_through_its_own_encoder(senses):
    pictures = torch.randint(0, 255, (3, 64, 64, 3), dtype=torch.uint8)
    sounds = torch.randint(-900, 900, (3, TIME), dtype=torch.int16)
    assert torch.equal(
        senses.embed_stored("vision", pictures), senses.vision.embed_stored(pictures)
    )
    assert torch.equal(senses.embed_stored("audio", sounds), senses.audio.embed_stored(sounds))
    body = torch.randn(3, 4)
    assert torch.equal(senses.embed_stored("proprioception", body), body)


def test_a_packed_row_has_the_senses_side_by_side(senses):
    assert senses.width == 68
    parts = senses.parts(torch.arange(68.0)[None])
    assert tuple(parts) == SENSES
    assert [int(part[0, 0]) for part in parts.values()] == [0, 32, 64]


def test_scales_come_from_where_a_sense_is_there(senses):
    packed = torch.randn(400, 68) * 3 + 5
    there = torch.rand(400, 3) < 0.5
    packed[~there[:, 1], 32:64] = 1e6
    assert not senses.fitted
    senses.fit(packed, there)
    assert senses.fitted
    scaled = senses.parts(senses.scaled(packed))
    heard = scaled["audio"][there[:, 1]]
    assert heard.mean(dim=0).abs().max() < 1e-4
    assert torch.allclose(heard.std(dim=0, correction=0), torch.ones(32), atol=1e-4)


def test_nothing_is_trained(senses):
    assert not any(p.requires_grad for p in senses.parameters())
