"""The audio phase: sound features from sounds alone, by `nsca.objectives.sounds`."""

from collections.abc import Mapping

import torch
from torch import Tensor

from nsca.data.batch import AudioBatch
from nsca.models.audio_encoder import AudioEncoder
from nsca.models.mel_decoder import MelDecoder
from nsca.models.projector import Projector
from nsca.objectives.sounds import TERMS, sound_losses
from nsca.phases.gradient_cache import Embeddings
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.phase import Phase

PARTS = {"audio": ("encoder",)}
EXAMPLE_FRAMES = 161  # of 1.6 s, an interaction


class AudioPhase(Phase):
    """Self-supervised training of the audio encoder.

    Args:
        encoder: from spectrograms to features; the part that later phases take.
        projector: from features to the space of the losses; thrown away after training.
        decoder: from features to a coarse spectrogram; thrown away after training.
        loss_weights: by term, of `TERMS`.
        temperature: of NT-Xent.
        optimizer: Muon, warm-up and cosine.
        micro_batch: the most samples embedded with a graph at once.

    Raises:
        ValueError: a loss weight for a term that does not exist.
    """

    terms = TERMS
    parts = PARTS

    def __init__(
        self,
        *,
        encoder: AudioEncoder,
        projector: Projector,
        decoder: MelDecoder,
        loss_weights: Mapping[str, float],
        temperature: float,
        optimizer: OptimizerSettings,
        micro_batch: int,
    ) -> None:
        super().__init__(loss_weights=loss_weights, optimizer=optimizer, micro_batch=micro_batch)
        self.encoder = encoder
        self.projector = projector
        self.decoder = decoder
        self.temperature = temperature

    def example_batch(self, samples: int) -> AudioBatch:
        first, second, clean = torch.rand(3, samples, self.encoder.front.bands, EXAMPLE_FRAMES)
        return AudioBatch(first=first, second=second, clean=clean, step=0)

    def embed(self, batch: AudioBatch) -> Embeddings:
        features = self.encoder(torch.cat([batch.first, batch.second]))
        first, second = self.projector(features).chunk(2)
        decoded, also = self.decoder(features).chunk(2)
        return {"first": first, "second": second, "decoded": decoded, "also_decoded": also}

    def losses(self, embeddings: Embeddings, batch: AudioBatch) -> dict[str, Tensor]:
        clean = self.decoder.coarse(batch.clean)
        return sound_losses(embeddings, clean, self.temperature, self.loss_weights)
