"""Sounds in, augmented spectrograms out: one item of the training loader is one optimiser step.

Sounds stay 16-bit samples until they are on the device, where spectrograms and views are made in
one go. Which sounds a step sees, and how they are changed, is a pure function of (seed, step).
"""

from collections.abc import Callable

import numpy as np
import torch
from lightning import LightningDataModule, Trainer

from nsca.data.batch import AudioBatch, ProbeLabel, SoundBatch, Sounds, SoundSource, Split
from nsca.data.sample_order import sample_order, steps_per_epoch
from nsca.data.sound_augmentation import SoundAugmentation, augment_sound, draw_sound_parameters
from nsca.data.step_loader import VALIDATION_SEED_OFFSET, StepLoader
from nsca.errors import UserError
from nsca.models.audio_encoder import FULL_SCALE
from nsca.models.log_mel import LogMel


class SoundSteps(StepLoader[SoundBatch]):
    """The sounds of each step.

    Args:
        sounds: of one split.
        seed: of the run.
        batch: the effective batch.
        steps, first_step: see `StepLoader`.
        repeats: whether every epoch shows the batches of the first one.
    """

    def __init__(
        self,
        sounds: Sounds,
        *,
        seed: int,
        batch: int,
        steps: int,
        first_step: Callable[[], int],
        repeats: bool,
    ) -> None:
        super().__init__(steps, first_step)
        self._sounds = sounds
        self._seed = seed
        self._batch = batch
        self._repeats = repeats

    def step_batch(self, step: int) -> SoundBatch:
        drawn = step % len(self) if self._repeats else step
        order = sample_order(self._seed, drawn, len(self._sounds), self._batch)
        return SoundBatch(samples=torch.from_numpy(self._sounds.samples[order]), step=step)


class AudioData(LightningDataModule):
    """Batches of sounds for the audio phase.

    Args:
        source: where sounds come from: a SoundSource.
        effective_batch: samples an optimiser step, whatever the hardware holds at once.
        seed: of the run.
        augmentation: ranges of the views.
        bands: of the spectrograms.
        validation_batches: at most so many batches of the validation split are scored.

    Raises:
        UserError: the source has no sounds.
    """

    def __init__(
        self,
        *,
        source: object,
        effective_batch: int,
        seed: int,
        augmentation: SoundAugmentation,
        bands: int,
        validation_batches: int,
    ) -> None:
        super().__init__()
        if effective_batch < 2:
            raise ValueError(f"effective_batch must be at least 2, got {effective_batch}")
        if not isinstance(source, SoundSource):
            raise UserError(
                f"data={getattr(source, 'name', source)} has no sounds",
                "choose data=babbling, data=audio_folder or data=custom_folder",
            )
        self.source = source
        self.effective_batch = effective_batch
        self.seed = seed
        self.augmentation = augmentation
        self.validation_batches = validation_batches
        self._front = LogMel(bands)
        self._sounds: dict[Split, Sounds] = {}

    def sounds(self, split: Split) -> Sounds:
        """Return a split's sounds, loaded once. Raises UserError as the source does."""
        if split not in self._sounds:
            self._sounds[split] = self.source.sounds(split)
        return self._sounds[split]

    def shown(self, split: Split) -> tuple[np.ndarray, dict[str, ProbeLabel]]:
        """Return sounds and their labels, for online probes."""
        return self.sounds(split).samples, self.source.sound_labels(split)

    def setup(self, stage: str) -> None:
        """Load both splits. Raises UserError where the training split does not fill a batch."""
        count = len(self.sounds("train"))
        if count < self.effective_batch:
            raise UserError(
                f"{self.source.name} has {count} training sounds, fewer than the effective batch "
                f"of {self.effective_batch}",
                f"set effective_batch={max(2, count)} or less, or add sounds",
            )
        if len(self.sounds("val")) < 2:
            raise UserError(
                f"{self.source.name} has fewer than 2 validation sounds",
                "add sounds to the validation split",
            )

    def train_dataloader(self) -> SoundSteps:
        trainer = self._trainer()
        sounds = self.sounds("train")
        steps = steps_per_epoch(len(sounds), self.effective_batch)
        if overfit := trainer.overfit_batches:
            steps = min(steps, overfit if overfit >= 1 else max(1, int(steps * overfit)))
        return SoundSteps(
            sounds,
            seed=self.seed,
            batch=self.effective_batch,
            steps=int(steps),
            first_step=lambda: trainer.global_step,
            repeats=bool(overfit),
        )

    def val_dataloader(self) -> SoundSteps:
        sounds = self.sounds("val")
        batch = min(self.effective_batch, len(sounds))
        return SoundSteps(
            sounds,
            seed=self.seed + VALIDATION_SEED_OFFSET,
            batch=batch,
            steps=min(self.validation_batches, steps_per_epoch(len(sounds), batch)),
            first_step=lambda: 0,
            repeats=True,
        )

    def _trainer(self) -> Trainer:
        if self.trainer is None:
            raise RuntimeError("the data module is not attached to a Trainer")
        return self.trainer

    def on_after_batch_transfer(self, batch: SoundBatch, dataloader_idx: int) -> AudioBatch:
        """Make the views on the device."""
        seed = self.seed if self._trainer().training else self.seed + VALIDATION_SEED_OFFSET
        self._front.to(batch.samples.device)
        return make_sound_views(batch, self._front, self.augmentation, seed)


def make_sound_views(
    batch: SoundBatch, front: LogMel, settings: SoundAugmentation, seed: int
) -> AudioBatch:
    """Return two views of each sound and its own spectrogram, a function of (seed, step)."""
    power = front.power(batch.samples.float() / FULL_SCALE)
    mel = front.mel(power)
    drawn = [
        draw_sound_parameters(settings, seed=seed, step=batch.step, view=view, samples=len(power))
        for view in (0, 1)
    ]
    views = [augment_sound(power, mel, front, parameters) for parameters in drawn]
    first, second, clean = (front.logarithm(each) for each in (*views, mel))
    return AudioBatch(first=first, second=second, clean=clean, step=batch.step)
