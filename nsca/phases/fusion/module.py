"""The fusion phase: one state from vision, hearing and the body, whichever of them are there.

Encoders are frozen; attention, state and latent are trained, by `nsca.objectives.fused`.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from nsca.data.batch import FusionBatch
from nsca.models.fusion import Fusion
from nsca.models.next_senses import NextSenses
from nsca.models.sense_names import SENSES
from nsca.models.senses import Senses
from nsca.objectives.fused import TERMS, embed_fused, fused_losses, fused_terms
from nsca.phases.fusion.data import FusionData
from nsca.phases.gradient_cache import Embeddings
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.phase import Phase

PARTS = {
    "vision": ("senses.vision",),
    "audio": ("senses.audio",),
    "fusion": ("encoder", "senses"),  # worth nothing above other encoders, or at other scales
}


class FusionPhase(Phase):
    """Training of the fused state above frozen encoders.

    Args:
        senses: the frozen encoders; trained ones come as `parts`.
        encoder: the fusion; the part that later phases take.
        next_senses: from latent and action to the next moment; thrown away after training.
        loss_weights: by term, of `TERMS`.
        temperature: of NT-Xent.
        optimizer: Muon, warm-up and cosine.
        micro_batch: the most samples embedded with a graph at once.

    Raises:
        ValueError: a loss weight for a term that does not exist, or parts of different widths.
    """

    terms = TERMS
    parts = PARTS
    frozen = frozenset({"vision", "audio"})

    def __init__(
        self,
        *,
        senses: Senses,
        encoder: Fusion,
        next_senses: NextSenses,
        loss_weights: Mapping[str, float],
        temperature: float,
        optimizer: OptimizerSettings,
        micro_batch: int,
    ) -> None:
        super().__init__(loss_weights=loss_weights, optimizer=optimizer, micro_batch=micro_batch)
        widths = list(senses.widths.values())
        if encoder.widths != widths:
            raise ValueError(f"fusion takes widths {encoder.widths}, the senses give {widths}")
        self.senses = senses
        self.encoder = encoder
        self.next_senses = next_senses
        self.temperature = temperature

    def on_fit_start(self) -> None:
        """Ask the frozen encoders once for all steps; they are on their device by now."""
        data = getattr(self.trainer, "datamodule", None)
        if not isinstance(data, FusionData):
            raise TypeError(f"the fusion phase needs FusionData, not {type(data).__name__}")
        data.pack(self.senses)
        actions = data.stored("train").moments.action
        if actions is not None and not bool(self.next_senses.scale.fitted):
            self.next_senses.fit(torch.from_numpy(actions).to(self.device))

    def moment(self, batch: FusionBatch) -> FusionBatch:
        """Return the moments of a batch that are fused: the batch."""
        return batch

    def active_terms(self, batch: FusionBatch) -> frozenset[str]:
        """See `fused_terms`."""
        return fused_terms(self.loss_weights, batch.there, batch.belongs, batch.later_there)

    def example_batch(self, samples: int) -> FusionBatch:
        width, actions = self.senses.width, self.next_senses.action.in_features
        there = torch.ones(samples, len(SENSES), dtype=torch.bool)
        return FusionBatch(
            now=torch.randn(samples, width),
            there=there,
            kept=there,
            belongs=torch.arange(samples),
            action=torch.randn(samples, actions),
            later=torch.randn(samples, width),
            later_there=there,
            step=0,
        )

    def embed(self, batch: FusionBatch) -> Embeddings:
        return embed_fused(self.encoder, self.next_senses, batch, self.loss_weights)

    def losses(self, embeddings: Embeddings, batch: FusionBatch) -> dict[str, Tensor]:
        wanted = self.active_terms(batch)
        return fused_losses(embeddings, batch, self.senses, self.temperature, wanted)
