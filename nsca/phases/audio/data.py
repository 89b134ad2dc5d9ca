"""Sounds in, augmented spectrograms out: one item of the training loader is one optimiser step.

Spectrograms are made once, views of them at every step on the device. Which sounds a step sees, and
how they are changed, is a pure function of (seed, step).
"""

import numpy as np
import torch
from jaxtyping import Float, Int64

from nsca.data.batch import AudioBatch, SoundBatch
from nsca.data.curriculum import Curriculum, quietness
from nsca.data.sound_augmentation import SoundAugmentation
from nsca.data.source import ProbeLabel, Sounds, SoundSource, Split
from nsca.data.step_loader import Epoch, StepLoader
from nsca.data.views import make_sound_views
from nsca.errors import UserError
from nsca.models.log_mel import HOP, LogMel
from nsca.phases.step_data import StepData

AT_ONCE = 16  # sounds whose spectra are in memory at a time, some 2 MB each for 1.6 s


class SoundSteps(StepLoader[SoundBatch]):
    """The sounds of each step.

    Args:
        sounds: of one split.
        epoch: how they are drawn.
        bands: of the spectrograms; 80 take as much memory as the 16-bit samples do.
    """

    def __init__(self, sounds: Sounds, epoch: Epoch, bands: int) -> None:
        super().__init__(len(sounds), epoch)
        front, samples = LogMel(bands), sounds.samples
        self._mel = np.empty((len(sounds), bands, samples.shape[1] // HOP + 1), np.float32)
        for first in range(0, len(sounds), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            self._mel[some] = front.mel_of_stored(torch.tensor(samples[some])).numpy()

    def gather(self, rows: Int64[np.ndarray, " batch"], drawn: int, step: int) -> SoundBatch:
        return SoundBatch(mel=torch.from_numpy(self._mel[rows]), step=step)


class AudioData(StepData[Sounds]):
    """Batches of sounds for the audio phase.

    Args:
        source: where sounds come from: a SoundSource.
        effective_batch, seed, validation_batches, curriculum: see `StepData`.
        augmentation: ranges of the views.
        bands: of the spectrograms.

    Raises:
        UserError: the source has no sounds.
    """

    rows = "sounds"

    def __init__(
        self,
        *,
        source: object,
        effective_batch: int,
        seed: int,
        augmentation: SoundAugmentation,
        bands: int,
        validation_batches: int,
        curriculum: Curriculum | None = None,
    ) -> None:
        if not isinstance(source, SoundSource):
            raise UserError(
                f"data={getattr(source, 'name', source)} has no sounds",
                "choose data=babbling, data=audio_folder or data=custom_folder",
            )
        super().__init__(source.name, effective_batch, seed, validation_batches, curriculum)
        self.source = source
        self.augmentation = augmentation
        self._front = LogMel(bands)

    def load(self, split: Split) -> Sounds:
        return self.source.sounds(split)

    def difficulty(self, stored: Sounds) -> Float[np.ndarray, " row"]:
        """How little louder than silence: a faint sound has little to tell its views by."""
        return quietness(stored.samples)

    def loader(self, stored: Sounds, epoch: Epoch) -> SoundSteps:
        return SoundSteps(stored, epoch, self._front.bands)

    def shown(self, split: Split) -> tuple[np.ndarray, dict[str, ProbeLabel]]:
        """Return sounds and their labels, for online probes."""
        return self.stored(split).samples, self.source.sound_labels(split)

    def on_after_batch_transfer(self, batch: SoundBatch, dataloader_idx: int) -> AudioBatch:
        """Make the views on the device."""
        self._front.to(batch.mel.device)
        return make_sound_views(batch, self._front, self.augmentation, self.view_seed())
