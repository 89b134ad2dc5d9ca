from pathlib import Path

import pytest
import torch
import yaml
from torch import nn

from nsca.models.vision_encoder import VisionEncoder


def configured(project: Path, model: str, **changes: object) -> VisionEncoder:
    settings = yaml.safe_load((project / "conf/model" / f"{model}.yaml").read_text())["vision"]
    del settings["_target_"]
    return VisionEncoder(**{**settings, **changes})


def count(encoder: nn.Module) -> int:
    return sum(p.numel() for p in encoder.parameters())


def test_sizes(project):
    assert 2.6e6 < count(configured(project, "nsca")) < 3.1e6
    assert count(configured(project, "nsca_tiny")) < 0.5e6


@pytest.mark.parametrize("model", ["nsca", "nsca_tiny"])
def test_a_sample_does_not_depend_on_its_batch_mates(project, model):
    torch.manual_seed(0)
    encoder = configured(project, model).train()
    images = torch.rand(4, 3, 64, 64)
    together = encoder(images)
    assert together.shape == (4, 256)
    others = encoder(torch.cat([images[:1], 1 - images[1:]]))
    assert torch.allclose(together[0], others[0], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(together[1], others[1], rtol=1e-2, atol=1e-2)
    assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in encoder.modules())


def test_nothing_but_frozen_filters_is_left_without_a_gradient(project):
    encoder = configured(project, "nsca_tiny")
    encoder(torch.rand(2, 3, 64, 64)).square().sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in encoder.parameters())
    assert not any(name.startswith("stem") for name, _ in encoder.named_parameters())


def test_half_of_the_features_are_the_gist_if_asked_for(project):
    torch.manual_seed(0)
    encoder, images = configured(project, "nsca_tiny"), torch.rand(2, 3, 64, 64)
    assert encoder.gist is not None
    before = encoder(images)
    torch.nn.init.zeros_(encoder.gist.weight)
    torch.nn.init.zeros_(encoder.gist.bias)
    assert torch.equal(encoder(images)[:, :128], before[:, :128])
    assert not encoder(images)[:, 128:].any()
    without = configured(project, "nsca_tiny", with_gist=False)
    assert without(images).shape == (2, 256)
    assert not any("gist" in name for name, _ in without.named_parameters())


def test_learned_priors_are_parameters(project):
    encoder = configured(project, "nsca_tiny", gabor="learned", colour="learned", depth="learned")
    assert sum(name.startswith("stem") for name, _ in encoder.named_parameters()) == 5


def test_stored_frames_are_embedded_as_they_are(project):
    torch.manual_seed(0)
    encoder = configured(project, "nsca_tiny").eval()
    frames = torch.randint(0, 256, (5, 64, 64, 3), dtype=torch.uint8)
    features = encoder.embed_stored(frames, chunk=2)
    direct = encoder(frames.permute(0, 3, 1, 2).float() / 255)
    assert torch.allclose(features, direct, rtol=1e-4, atol=1e-5)
    assert not features.requires_grad


def test_channels_must_fit_the_groups(project):
    with pytest.raises(ValueError, match="divisible by 8"):
        configured(project, "nsca_tiny", channels=[12, 32, 64, 128])
