from dataclasses import replace

import pytest
import torch

from nsca.data.augmentation import (
    AugmentationParameters,
    AugmentationSettings,
    augment,
    draw_parameters,
)
from nsca.models.innate_stem import LUMA

NOTHING = AugmentationSettings(
    crop_area=1.0,
    crop_aspect=1.0,
    flip=0.0,
    brightness=0.0,
    contrast=0.0,
    saturation=0.0,
    hue=0.0,
    grayscale=0.0,
)


def some_frames(samples: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (samples, 3, 16, 16), dtype=torch.uint8, generator=generator)


def drawn(settings: AugmentationSettings, step: int = 0, samples: int = 4, view: int = 0):
    return draw_parameters(settings, seed=3, step=step, view=view, samples=samples)


def view_of(settings: AugmentationSettings, step: int = 0) -> torch.Tensor:
    return augment(some_frames(), drawn(settings, step))


def test_no_augmentation_is_the_picture():
    assert torch.allclose(view_of(NOTHING), some_frames() / 255, atol=1e-5)


def test_the_same_seed_step_and_view_give_the_same_and_another_does_not():
    settings = AugmentationSettings()
    torch.manual_seed(1)
    first = view_of(settings, step=5)
    torch.manual_seed(2)
    assert torch.equal(first, view_of(settings, step=5))
    assert not torch.allclose(first, view_of(settings, step=6), atol=0.01)
    other_view = augment(some_frames(), drawn(settings, step=5, view=1))
    assert not torch.allclose(first, other_view, atol=0.01)


def test_samples_are_augmented_apart():
    frames = some_frames(1).expand(4, -1, -1, -1)
    views = augment(frames, drawn(AugmentationSettings()))
    assert (views[0] - views[1]).abs().max() > 0.05


def test_values_stay_in_range_whatever_the_jitter():
    wild = AugmentationSettings(brightness=1.0, contrast=1.0, saturation=1.0, hue=1.0)
    views = view_of(wild)
    assert views.min() >= 0
    assert views.max() <= 1


def test_a_flip_swaps_left_and_right():
    flipped = view_of(replace(NOTHING, flip=1.0))
    assert torch.allclose(flipped, some_frames().flip(3) / 255, atol=1e-5)


def test_grayscale_has_one_value_for_all_colours_and_keeps_luminance():
    views = view_of(replace(NOTHING, grayscale=1.0))
    luma = torch.einsum("nchw,c->nhw", some_frames() / 255, torch.tensor(LUMA))
    for channel in range(3):
        assert torch.allclose(views[:, channel], luma, atol=1e-5)


def test_hue_leaves_greys_alone_and_moves_colours():
    settings = replace(NOTHING, hue=0.5)
    grey = torch.full((1, 3, 16, 16), 100, dtype=torch.uint8)
    assert torch.allclose(augment(grey, drawn(settings, samples=1)), grey / 255, atol=1e-5)
    red = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    red[:, 0] = 120
    assert (augment(red, drawn(settings, samples=1)) - red / 255).abs().max() > 0.02


def test_contrast_keeps_the_mean_luminance():
    frames = some_frames() // 2 + 64  # far from the clipping range
    views = augment(frames, drawn(replace(NOTHING, contrast=0.4)))
    weights = torch.tensor(LUMA)

    def luma(images: torch.Tensor) -> torch.Tensor:
        return torch.einsum("nchw,c->nhw", images, weights)

    before, after = luma(frames / 255), luma(views)
    assert torch.allclose(before.mean(dim=(1, 2)), after.mean(dim=(1, 2)), atol=1e-4)
    assert ((before.std(dim=(1, 2)) - after.std(dim=(1, 2))).abs() > 1e-3).any()


def test_a_crop_equals_interpolation_by_hand():
    # A horizontal ramp: cropping the left half stretches it to half its slope.
    ramp = torch.arange(16, dtype=torch.uint8).mul(10).expand(1, 3, 16, 16)
    parameters = AugmentationParameters(
        centre=torch.tensor([[0.5, 0.25]]),
        extent=torch.tensor([[1.0, 0.5]]),
        flip=torch.zeros(1),
        colour=torch.eye(3)[None],
        offset=torch.zeros(1, 3, 3),
    )
    view = augment(ramp, parameters)[0, 0, 0] * 255
    expected = ((torch.arange(16) + 0.5) / 2 - 0.5).clamp(min=0) * 10
    assert torch.allclose(view, expected, atol=1e-3)


def test_crops_lie_inside_the_picture_and_keep_the_area():
    settings = AugmentationSettings(crop_area=0.3, crop_aspect=1.5)
    parameters = drawn(settings, samples=500)
    low = parameters.centre - parameters.extent / 2
    high = parameters.centre + parameters.extent / 2
    assert low.min() > -1e-6
    assert high.max() < 1 + 1e-6
    area = parameters.extent.prod(dim=1)
    assert area.min() > 0.29
    assert area.max() > 0.9


@pytest.mark.parametrize(
    "wrong",
    [{"crop_area": 0.0}, {"crop_area": 1.5}, {"crop_aspect": 0.5}, {"flip": 2.0}, {"hue": -0.1}],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"crop_area|probabilities|ranges"):
        replace(NOTHING, **wrong)
