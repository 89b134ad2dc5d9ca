import math

import pytest
import torch
from torch.nn import functional

from nsca.models.innate_stem import (
    OCTAVE_WAVELENGTHS_PX,
    ORIENTATIONS,
    ColourOpponency,
    DepthCues,
    GaborEnergy,
    InnateStem,
    adapt,
    band_filters,
    gabor_pairs,
    luminance,
)

SIZE = 64


def grating(orientation: int, wavelength_px: float) -> torch.Tensor:
    """Grey stripes whose normal points at orientation * 180 / 8 degrees."""
    y, x = torch.meshgrid(torch.arange(SIZE).float(), torch.arange(SIZE).float(), indexing="ij")
    angle = math.pi * orientation / ORIENTATIONS
    phase = 2 * math.pi * (x * math.cos(angle) + y * math.sin(angle)) / wavelength_px
    return (0.5 + 0.4 * torch.cos(phase)).expand(1, 3, SIZE, SIZE)


def energy_of(images: torch.Tensor) -> torch.Tensor:
    """Mean energy [scale, orientation] away from the border; scales from fine to coarse."""
    response = GaborEnergy("frozen", stride=4)(images, luminance(images))
    return response[:, :, 4:-4, 4:-4].mean(dim=(0, 2, 3)).view(-1, ORIENTATIONS)


@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_gabor_filters_prefer_their_orientation(orientation):
    for scale, wavelength in enumerate(OCTAVE_WAVELENGTHS_PX):
        for octave in (0, 1):
            energy = energy_of(grating(orientation, wavelength * 2**octave))
            own = energy[2 * octave + scale]
            assert own.argmax() == orientation
            assert own[orientation] > 5 * own[(orientation + ORIENTATIONS // 2) % ORIENTATIONS]


def test_gabor_filters_prefer_their_scale():
    wavelengths = [w * 2**octave for octave in (0, 1) for w in OCTAVE_WAVELENGTHS_PX]
    assert len(wavelengths) * ORIENTATIONS == 32
    for scale, wavelength in enumerate(wavelengths):
        assert energy_of(grating(0, wavelength))[:, 0].argmax() == scale


def test_gabor_energy_ignores_phase_and_uniform_light():
    shifted = grating(0, 6.0).roll(2, dims=3)
    assert torch.allclose(energy_of(grating(0, 6.0))[2], energy_of(shifted)[2], rtol=0.05)
    flat = torch.full((1, 3, SIZE, SIZE), 0.7)
    assert energy_of(flat).max() < 0.01


def patch(red: float, green: float, blue: float) -> torch.Tensor:
    return torch.tensor([red, green, blue]).view(1, 3, 1, 1).expand(1, 3, SIZE, SIZE)


def opponent(image: torch.Tensor) -> tuple[float, float]:
    response = ColourOpponency("frozen", stride=4)(image, luminance(image))
    red_green, blue_yellow = response.mean(dim=(0, 2, 3)).tolist()
    return red_green, blue_yellow


@pytest.mark.parametrize("grey", [0.0, 0.2, 0.5, 1.0])
def test_opponency_is_silent_for_greys(grey):
    assert opponent(patch(grey, grey, grey)) == pytest.approx((0.0, 0.0), abs=1e-6)


def test_opponency_tells_red_from_green_and_blue_from_yellow():
    assert opponent(patch(0.8, 0.2, 0.2))[0] > 0.3
    assert opponent(patch(0.2, 0.8, 0.2))[0] < -0.3
    assert opponent(patch(0.2, 0.2, 0.8))[1] > 0.3
    assert opponent(patch(0.8, 0.8, 0.2))[1] < -0.3
    assert opponent(patch(0.8, 0.8, 0.2))[0] == pytest.approx(0.0, abs=1e-6)


def test_depth_cues_see_height_contrast_and_blur():
    torch.manual_seed(0)
    sharp = torch.rand(1, 1, SIZE, SIZE).expand(1, 3, SIZE, SIZE)
    blurred = functional.avg_pool2d(sharp, 5, stride=1, padding=2)
    cues = DepthCues("frozen", stride=4, n_rows=16)
    height, contrast, sharpness = cues(sharp, luminance(sharp))[0]
    assert height[0, 0] == -1
    assert height[-1, 0] == 1
    assert torch.equal(height[:, 0], height[:, 7])
    blurred_cues = cues(blurred, luminance(blurred))[0]
    assert blurred_cues[2].mean() < sharpness.mean() - 0.2
    assert contrast.mean() > 5 * cues(0.1 * sharp, luminance(0.1 * sharp))[0][1].mean()


def test_everything_off_is_the_adapted_picture_itself():
    images = torch.rand(2, 3, SIZE, SIZE)
    stem = InnateStem("off", "off", "off", stride=4, image_size=SIZE)
    channels = stem(images)
    assert channels.shape == (2, stem.n_channels, 16, 16)
    mean, spread = images.mean(dim=(1, 2, 3), keepdim=True), images.std(dim=(1, 2, 3), keepdim=True)
    assert torch.allclose(
        functional.pixel_shuffle(channels, 4), (images - mean) / spread, atol=0.01
    )
    assert not list(stem.parameters())
    assert not list(stem.buffers())


def test_each_prior_adds_its_channels_and_leaves_the_picture():
    images = torch.rand(1, 3, SIZE, SIZE)
    plain = 3 * 4**2
    for modes, added in [
        (("frozen", "off", "off"), 32),
        (("off", "frozen", "off"), 2),
        (("off", "off", "frozen"), 3),
        (("frozen", "frozen", "frozen"), 37),
    ]:
        stem = InnateStem(*modes, stride=4, image_size=SIZE)
        channels = stem(images)
        assert channels.shape[1] == stem.n_channels == plain + added
        alone = InnateStem("off", "off", "off", stride=4, image_size=SIZE)(images)
        assert torch.equal(channels[:, :plain], alone)


def test_every_group_of_channels_is_centred_in_every_picture_whatever_the_light():
    torch.manual_seed(0)
    images = functional.avg_pool2d(torch.rand(3, 3, SIZE + 2, SIZE + 2), 3, stride=1)
    stem = InnateStem("frozen", "frozen", "frozen", stride=4, image_size=SIZE)
    channels = stem(images)
    for group in channels.split([3 * 4**2, 32, 2, 1, 1, 1], dim=1):
        assert torch.allclose(group.mean(dim=(1, 2, 3)), torch.zeros(3), atol=1e-4)
        assert (group.std(dim=(1, 2, 3)) - 0.85).abs().max() < 0.2  # even cues keep some evenness
    dimmed = stem(0.5 * images + 0.2)
    assert (dimmed - channels)[:, : 3 * 4**2 + 32].abs().mean() < 0.05
    assert (stem(images.flip(0)).flip(0) - channels).abs().max() < 1e-5  # no batch statistics


def test_adaptation_does_not_blow_up_what_is_even():
    assert adapt(0.5 + 0.001 * torch.rand(1, 3, 8, 8)).abs().max() < 0.1


def filters_of(mode) -> dict[str, torch.Tensor]:
    stem = InnateStem(mode, mode, mode, stride=4, image_size=SIZE)
    return stem.state_dict()


def test_the_random_control_matches_shapes_and_norms_but_not_filters():
    innate, control = filters_of("frozen"), filters_of("random")
    assert innate.keys() == control.keys()
    for name, filters in innate.items():
        own, other = filters, control[name]
        assert own.shape == other.shape
        rows = (own[None], other[None]) if own.ndim == 1 else (own.flatten(1), other.flatten(1))
        assert torch.allclose(rows[0].norm(dim=1), rows[1].norm(dim=1), rtol=1e-4)
        assert not torch.allclose(own, other, atol=0.05)


def test_frozen_and_random_have_no_parameters_and_learned_starts_innate():
    for mode in ("frozen", "random"):
        assert not list(InnateStem(mode, mode, mode, stride=4, image_size=SIZE).parameters())
    learned = InnateStem("learned", "learned", "learned", stride=4, image_size=SIZE)
    for name, filters in filters_of("frozen").items():
        assert torch.equal(learned.state_dict()[name], filters)
    learned(torch.rand(1, 3, SIZE, SIZE)).square().sum().backward()
    gradients = {name: p.grad for name, p in learned.named_parameters()}
    assert len(gradients) == 5
    assert all(g is not None and g.abs().max() > 0 for g in gradients.values())


def test_filters_have_zero_mean_and_unit_norm():
    for filters in (gabor_pairs(), band_filters()):
        assert filters.mean(dim=(1, 2, 3)).abs().max() < 1e-6
        assert torch.allclose(filters.flatten(1).norm(dim=1), torch.ones(len(filters)), rtol=1e-4)


def test_impossible_stems_are_refused():
    with pytest.raises(ValueError, match="stride"):
        InnateStem("off", "off", "off", stride=3, image_size=SIZE)
    with pytest.raises(Exception, match="mode"):
        InnateStem("sometimes", "off", "off", stride=4, image_size=SIZE)
