"""Augmented views of pictures and of sounds, on the device, each a function of (seed, step)."""

import torch

from nsca.data.augmentation import AugmentationSettings, augment, draw_parameters
from nsca.data.batch import AudioBatch, FrameBatch, SoundBatch, VisionBatch
from nsca.data.sound_augmentation import SoundAugmentation, augment_sound, draw_sound_parameters
from nsca.models.log_mel import LogMel


def make_views(batch: FrameBatch, settings: AugmentationSettings, seed: int) -> VisionBatch:
    """Return two views of each frame and one of its neighbour, a pure function of (seed, step)."""

    def view(frames: torch.Tensor, number: int) -> torch.Tensor:
        parameters = draw_parameters(
            settings, seed=seed, step=batch.step, view=number, samples=len(frames)
        )
        return augment(frames, parameters)

    return VisionBatch(
        first=view(batch.frames, 0),
        second=view(batch.frames, 1),
        neighbour=None if batch.neighbour is None else view(batch.neighbour, 2),
        step=batch.step,
    )


def make_sound_views(
    batch: SoundBatch, front: LogMel, settings: SoundAugmentation, seed: int
) -> AudioBatch:
    """Return two views of each sound and its own spectrogram, a function of (seed, step)."""
    drawn = [
        draw_sound_parameters(settings, seed=seed, step=batch.step, view=view, samples=len(batch))
        for view in (0, 1)
    ]
    views = [augment_sound(batch.mel, front, parameters) for parameters in drawn]
    first, second, clean = (front.logarithm(each) for each in (*views, batch.mel))
    return AudioBatch(first=first, second=second, clean=clean, step=batch.step)
