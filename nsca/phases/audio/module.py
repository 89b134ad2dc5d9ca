"""The audio phase: sound features from sounds alone.

Two views of a sound agree and differ from all others (NT-Xent, Chen et al. 2020), features vary and
are not redundant (VICReg's variance and covariance, Bardes et al. 2022), and a small decoder tells
the clean sound's spectrogram from a view's features: its error is the figure to watch, since it
says what the features have lost, in the units of the log-mel.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from nsca.data.batch import AudioBatch
from nsca.losses.nt_xent import nt_xent
from nsca.losses.vicreg import covariance, variance
from nsca.models.audio_encoder import AudioEncoder
from nsca.models.mel_decoder import MelDecoder
from nsca.models.projector import Projector
from nsca.phases.gradient_cache import Embeddings
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.phase import Phase

TERMS = frozenset({"nt_xent", "variance", "covariance", "reconstruction"})
PARTS = {"audio": ("encoder",)}
EXAMPLE_FRAMES = 161  # of 1.6 s, an interaction


class AudioPhase(Phase):
    """Self-supervised training of the audio encoder.

    Args:
        encoder: from spectrograms to features; the part that later phases take.
        projector: from features to the space of the losses; thrown away after training.
        decoder: from features to a coarse spectrogram; thrown away after training.
        loss_weights: by term, of `nt_xent`, `variance`, `covariance`, `reconstruction`.
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
        views = torch.stack([embeddings["first"], embeddings["second"]])
        decoded = torch.stack([embeddings["decoded"], embeddings["also_decoded"]])
        found = {
            "nt_xent": lambda: nt_xent(views, self.temperature),
            "variance": lambda: variance(views),
            "covariance": lambda: covariance(views),
            "reconstruction": lambda: functional.mse_loss(
                decoded, self.decoder.coarse(batch.clean).expand_as(decoded)
            ),
        }
        return {name: found[name]() for name in self.loss_weights}
