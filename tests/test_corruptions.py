"""Corruptions: deterministic, growing with severity, and each what its name says."""

from itertools import pairwise

import numpy as np
import pytest

from nsca.corruptions import CORRUPTIONS, SEVERITIES, corrupt


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Soft gradients with a few sharp squares: something for blur, noise and contrast to change."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:64, 0:64]
    base = np.stack([2 * x + 40, 2 * y + 40, x + y + 60], axis=-1)
    images = np.repeat(base[None], 6, axis=0).astype(np.uint8)
    for image in images:
        for _ in range(5):
            top, left = random.integers(0, 52, 2)
            image[top : top + 12, left : left + 12] = random.integers(0, 255, 3)
    return images


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_severity_takes_a_picture_further_away(name, pictures):
    distances = [distance(corrupt(pictures, name, s), pictures) for s in SEVERITIES]
    assert distances[0] > 0.3
    assert all(a < b for a, b in pairwise(distances)), distances


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_same_seed_gives_the_same_bytes_and_leaves_the_original_alone(name, pictures):
    before = pictures.copy()
    first = corrupt(pictures, name, 3, seed=7)
    assert first.dtype == np.uint8
    assert first.shape == pictures.shape
    assert (first == corrupt(pictures, name, 3, seed=7)).all()
    assert (pictures == before).all()


@pytest.mark.parametrize("name", ["gaussian_noise", "shot_noise", "motion_blur", "fog"])
def test_another_seed_draws_another_pattern(name, pictures):
    assert (corrupt(pictures, name, 3, seed=0) != corrupt(pictures, name, 3, seed=1)).any()


def test_pictures_get_patterns_of_their_own(pictures):
    same = np.repeat(pictures[:1], 2, axis=0)
    for name in ("gaussian_noise", "motion_blur", "fog"):
        one, other = corrupt(same, name, 3)
        assert (one != other).any()


def test_blurs_keep_the_mean_and_lose_detail(pictures):
    for name in ("defocus_blur", "motion_blur", "pixelate"):
        changed = corrupt(pictures, name, 4)
        assert abs(float(changed.mean()) - float(pictures.mean())) < 2
        assert np.diff(changed.astype(float), axis=2).std() < 0.8 * (
            np.diff(pictures.astype(float), axis=2).std()
        )


def test_brightness_contrast_and_noise_do_what_they_say(pictures):
    assert corrupt(pictures, "brightness", 3).mean() > pictures.mean() + 30
    assert corrupt(pictures, "contrast", 3).std() < 0.6 * pictures.std()
    grey = np.full((2, 64, 64, 3), 128, np.uint8)
    noisy = corrupt(grey, "gaussian_noise", 3).astype(float) - 128
    assert noisy.std() == pytest.approx(0.10 * 255, rel=0.05)
    assert abs(noisy.mean()) < 1
    shot = corrupt(grey, "shot_noise", 3).astype(float)
    assert shot.var() == pytest.approx(128 * 255 / 60, rel=0.1)  # Poisson: variance mean/photons


def test_unknown_names_and_severities_are_refused(pictures):
    with pytest.raises(ValueError, match="unknown corruption 'snow'"):
        corrupt(pictures, "snow", 3)
    with pytest.raises(ValueError, match="severity 6"):
        corrupt(pictures, "fog", 6)
