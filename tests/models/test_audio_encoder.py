from pathlib import Path

import pytest
import torch
import yaml
from torch import nn

from nsca.models.audio_encoder import AudioEncoder, band_course, band_statistics


def configured(project: Path, model: str, **changes: object) -> AudioEncoder:
    settings = yaml.safe_load((project / "conf/model" / f"{model}.yaml").read_text())["audio"]
    del settings["_target_"]
    return AudioEncoder(**{**settings, **changes})


def count(encoder: nn.Module) -> int:
    return sum(p.numel() for p in encoder.parameters())


def test_sizes(project):
    assert 1.0e6 < count(configured(project, "nsca")) < 1.5e6
    assert count(configured(project, "nsca_tiny")) < 0.5e6


def test_a_sample_does_not_depend_on_its_batch_mates_and_any_length_will_do(project):
    torch.manual_seed(0)
    encoder = configured(project, "nsca_tiny").train()
    sounds = torch.rand(3, 80, 61) * 2 - 1
    together = encoder(sounds)
    assert together.shape == (3, 256)
    torch.testing.assert_close(encoder(sounds[:1])[0], together[0], rtol=1e-4, atol=1e-5)
    assert encoder(torch.rand(1, 80, 33)).shape == (1, 256)


def test_every_parameter_has_a_gradient(project):
    encoder = configured(project, "nsca_tiny")
    encoder(torch.rand(2, 80, 61)).square().sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in encoder.parameters())


def test_when_a_sound_comes_matters_little_and_how_high_it_is_much(project):
    torch.manual_seed(0)
    encoder = configured(project, "nsca_tiny").eval()

    def features(band: int, frame: int) -> torch.Tensor:
        sound = torch.full((1, 80, 97), -1.0)
        sound[:, band : band + 6, frame : frame + 8] = 0.5
        return encoder(sound)[0]

    start = features(20, 24)
    later, higher = features(20, 56) - start, features(52, 24) - start
    assert later.norm() < 0.5 * higher.norm()


def test_the_gist_is_half_of_the_features_if_asked_for(project):
    encoder, sounds = configured(project, "nsca_tiny"), torch.rand(2, 80, 61)
    assert encoder.gist is not None
    before = encoder(sounds)
    nn.init.zeros_(encoder.gist.weight)
    nn.init.zeros_(encoder.gist.bias)
    assert torch.equal(encoder(sounds)[:, :128], before[:, :128])
    assert not encoder(sounds)[:, 128:].any()
    assert configured(project, "nsca_tiny", with_gist=False)(sounds).shape == (2, 256)


def test_statistics_are_what_they_are_called():
    log_mel = torch.tensor([[[0.0, 1.0, 1.0, 0.0], [-1.0, -1.0, -1.0, -1.0]]])
    mean, spread, peak, rise, fall = band_statistics(log_mel).reshape(5, 2)
    assert mean.tolist() == [0.5, -1.0]
    torch.testing.assert_close(spread, torch.tensor([0.5, 0.001]), atol=1e-4, rtol=0)
    assert peak.tolist() == [1.0, -1.0]
    torch.testing.assert_close(rise, torch.tensor([10 / 3, 0.0]))
    torch.testing.assert_close(fall, torch.tensor([-10 / 3, 0.0]))


def test_the_course_is_the_means_of_parts_in_order_wherever_the_sound_lies():
    low, high = torch.tensor([0.5, -0.9]), torch.tensor([-0.8, 0.3])
    word = torch.stack([low, low, high, high], dim=1)
    silence = torch.full((2, 3), -1.0)
    late = torch.cat([silence, word, silence[:, :1]], dim=1)
    early = torch.cat([word, silence, silence[:, :1]], dim=1)
    backwards = late.flip(1)
    found = band_course(torch.stack([late, early, backwards]), 2)
    there = torch.cat([low, high])
    assert torch.equal(found[:2], there.expand(2, 4))
    assert torch.equal(found[2], torch.cat([high, low]))
    assert torch.equal(band_statistics(backwards[None])[:, :6], band_statistics(late[None])[:, :6])
    one_frame = band_course(late[:, 3:4][None], 2)
    assert torch.equal(one_frame, torch.cat([low, low])[None])
    three = torch.stack([low, low, high], dim=1)[None]
    assert torch.equal(band_course(three, 4)[0], torch.cat([low, low, high, high]))


def test_the_gist_knows_the_order_if_asked_to(project):
    torch.manual_seed(0)
    ordered = configured(project, "nsca_tiny", gist_parts=4)
    assert ordered.gist is not None
    assert ordered.gist.in_features == 9 * 80
    nn.init.zeros_(ordered.gist.weight[:, : 5 * 80])
    word = torch.cat([torch.full((1, 80, 6), 0.5), torch.full((1, 80, 6), 0.2)], dim=2)
    forwards, backwards = ordered(word), ordered(word.flip(2))
    assert not torch.allclose(forwards[:, 128:], backwards[:, 128:], atol=1e-3)


def test_stored_sounds_are_embedded_as_they_are(project):
    torch.manual_seed(0)
    encoder = configured(project, "nsca_tiny").eval()
    stored = torch.randint(-9000, 9000, (5, 8000), dtype=torch.int16)
    features = encoder.embed_stored(stored, chunk=2)
    direct = encoder(encoder.front(stored.float() / 32768))
    torch.testing.assert_close(features, direct.detach(), rtol=1e-4, atol=1e-5)
    assert not features.requires_grad


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bands": 72}, "multiple of 16"),
        ({"channels": [12, 32, 64, 128]}, "divisible by 8"),
        ({"gist_parts": 0}, "gist_parts must be 1 or more"),
        ({"gist_parts": 4, "with_gist": False}, "gist_parts=4 without a gist"),
    ],
)
def test_impossible_shapes_are_refused(project, change, said):
    with pytest.raises(ValueError, match=said):
        configured(project, "nsca_tiny", **change)
