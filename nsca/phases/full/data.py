"""Stretches of moments in, as they were recorded: encoders that are trained see them at every step.

Which stretches a step sees, which senses are left out and which picture of each stretch the views
are made of follows from seed and step alone.
"""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from nsca.data.augmentation import AugmentationSettings
from nsca.data.batch import FrameBatch, SoundBatch, StretchBatch
from nsca.data.curriculum import Curriculum
from nsca.data.packing import left_over
from nsca.data.sound_augmentation import SoundAugmentation
from nsca.data.source import ProbeLabel, Split
from nsca.data.step_loader import Epoch, StepLoader
from nsca.data.views import make_sound_views, make_views
from nsca.data.windows import WindowRows
from nsca.errors import UserError
from nsca.models.log_mel import LogMel
from nsca.models.sense_names import SENSES
from nsca.phases.full.probing import ShownMoments
from nsca.phases.window_data import WindowData

DROP_STREAM, VIEW_STREAM = 3, 5  # of random numbers, beside those of nsca.data.sample_order


class StretchSteps(StepLoader[StretchBatch]):
    """The stretches of each step.

    Args:
        rows: of one split.
        epoch: how they are drawn.
        drop: share of the senses that are left out.
    """

    def __init__(self, rows: WindowRows, epoch: Epoch, drop: float) -> None:
        super().__init__(len(rows), epoch)
        self._windows = rows
        self._there = rows.moments.there()
        self._drop = drop

    def gather(self, rows: Int64[np.ndarray, " batch"], drawn: int, step: int) -> StretchBatch:
        windows, moments = self._windows, self._windows.moments
        numbers = windows.starts[rows][:, None] + np.arange(windows.length)
        there = self._there[numbers]

        def stored(sense: str) -> Tensor | None:
            if sense not in moments.stored:
                return None
            flat = moments.stored[sense].rows(numbers.ravel()).copy()
            # else it would be heard in the background of others, or a NaN would spread
            flat[~there[..., SENSES.index(sense)].ravel()] = 0
            return torch.from_numpy(flat.reshape(*numbers.shape, *flat.shape[1:]))

        rng = np.random.default_rng([self.epoch.seed, DROP_STREAM, drawn])
        pictures, heard, body = (stored(sense) for sense in SENSES)
        return StretchBatch(
            pictures=pictures,
            heard=heard,
            body=body,
            there=torch.from_numpy(there),
            kept=torch.from_numpy(left_over(there[:, windows.past - 1], self._drop, rng)),
            physical=torch.from_numpy(windows.physical[numbers]),
            action=torch.from_numpy(windows.action[numbers]),
            step=step,
        )


class FullData(WindowData):
    """Batches of stretches for the full phase.

    Args:
        drop: share of the senses that are left out of what the state is made from, in [0, 1).
        augmentation, sound_augmentation: ranges of the views.
        bands: of the spectrograms.
        source, past, ahead, effective_batch, seed, validation_batches, curriculum: see
            `WindowData`.

    Raises:
        UserError: the source has no moments of several senses.
        ValueError: a share that is none.
    """

    rows = "stretches"

    def __init__(
        self,
        *,
        source: object,
        past: int,
        ahead: int,
        drop: float,
        augmentation: AugmentationSettings,
        sound_augmentation: SoundAugmentation,
        bands: int,
        effective_batch: int,
        seed: int,
        validation_batches: int,
        curriculum: Curriculum | None = None,
    ) -> None:
        if not 0 <= drop < 1:
            raise ValueError(f"drop must be in [0, 1), got {drop}")
        super().__init__(
            source=source,
            past=past,
            ahead=ahead,
            effective_batch=effective_batch,
            seed=seed,
            validation_batches=validation_batches,
            curriculum=curriculum,
        )
        self.drop = drop
        self.augmentation = augmentation
        self.sound_augmentation = sound_augmentation
        self._front = LogMel(bands)

    def setup(self, stage: str) -> None:
        """Load both splits. Raises UserError as `StepData`, and where no sense was recorded."""
        super().setup(stage)
        if not self.stored("train").moments.there().any():
            raise UserError(
                f"{self._name} has recorded no sense: there is nothing to train encoders on",
                "phase=dynamics, which foretells what moves from what is known of it alone",
            )

    def loader(self, stored: WindowRows, epoch: Epoch) -> StretchSteps:
        return StretchSteps(stored, epoch, self.drop)

    def shown(self, split: Split) -> tuple[ShownMoments, dict[str, ProbeLabel]]:
        """Return all moments and their labels, for online probes."""
        moments = self.stored(split).moments
        return ShownMoments(moments, np.arange(len(moments))), self.source.moment_labels(split)

    def on_after_batch_transfer(self, batch: StretchBatch, dataloader_idx: int) -> StretchBatch:
        """Make the views on the device."""
        self._front.to(batch.physical.device)
        views = (self.augmentation, self.sound_augmentation, self._front)
        return with_views(batch, self.past, *views, self.view_seed())


def with_views(
    batch: StretchBatch,
    past: int,
    augmentation: AugmentationSettings,
    sound_augmentation: SoundAugmentation,
    front: LogMel,
    seed: int,
) -> StretchBatch:
    """Return the batch with views of one of the first `past` pictures of each stretch and of the
    one after it, and of the sound that is heard at its end, a function of (seed, step).
    """
    made: dict[str, Tensor | None] = {}
    if batch.pictures is not None:
        rng = np.random.default_rng([seed, VIEW_STREAM, batch.step])
        rows = torch.arange(len(batch))
        place = torch.from_numpy(rng.integers(0, past, len(batch)))
        frames, later = (
            batch.pictures[rows, at].permute(0, 3, 1, 2).contiguous() for at in (place, place + 1)
        )
        seen = make_views(FrameBatch(frames, later, batch.step), augmentation, seed)
        made |= {"first": seen.first, "second": seen.second, "neighbour": seen.neighbour}
    if batch.heard is not None:
        last = SoundBatch(front.mel_of_stored(batch.heard[:, -1]), batch.step)
        sound = make_sound_views(last, front, sound_augmentation, seed)
        made |= {
            "first_sound": sound.first,
            "second_sound": sound.second,
            "clean_sound": sound.clean,
        }
    return replace(batch, **made)
