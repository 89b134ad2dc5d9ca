"""The vision phase: image features from frames alone.

Two views of a frame agree and differ from all others (NT-Xent), features vary and are not redundant
(VICReg's variance and covariance), neighbouring frames are near (temporal consistency). A source
without
time has no temporal term: neither in the losses nor in the weights.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from nsca.data.batch import VisionBatch
from nsca.losses.nt_xent import nt_xent
from nsca.losses.temporal_consistency import temporal_consistency
from nsca.losses.vicreg import covariance, invariance, variance
from nsca.models.projector import Projector
from nsca.models.vision_encoder import VisionEncoder
from nsca.phases.gradient_cache import Embeddings
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.phase import Phase

TERMS = frozenset({"nt_xent", "invariance", "variance", "covariance", "temporal"})
PARTS = {"vision": ("encoder",)}


class VisionPhase(Phase):
    """Self-supervised training of the vision encoder.

    Args:
        encoder: from pictures to features; the part that later phases take.
        projector: from features to the space of the losses; thrown away after training.
        loss_weights: by term, of `nt_xent`, `invariance`, `variance`, `covariance`, `temporal`.
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
        encoder: VisionEncoder,
        projector: Projector,
        loss_weights: Mapping[str, float],
        temperature: float,
        optimizer: OptimizerSettings,
        micro_batch: int,
    ) -> None:
        super().__init__(loss_weights=loss_weights, optimizer=optimizer, micro_batch=micro_batch)
        self.encoder = encoder
        self.projector = projector
        self.temperature = temperature

    def example_batch(self, samples: int) -> VisionBatch:
        size = self.encoder.image_size
        first, second, neighbour = torch.rand(3, samples, 3, size, size)
        return VisionBatch(first=first, second=second, neighbour=neighbour, step=0)

    def active_terms(self, batch: VisionBatch) -> frozenset[str]:
        terms = frozenset(self.loss_weights)
        return terms if batch.neighbour is not None else terms - {"temporal"}

    def embed(self, batch: VisionBatch) -> Embeddings:
        views = {"first": batch.first, "second": batch.second}
        if batch.neighbour is not None and "temporal" in self.active_terms(batch):
            views["neighbour"] = batch.neighbour
        together = self.projector(self.encoder(torch.cat(list(views.values()))))
        return dict(zip(views, together.chunk(len(views)), strict=True))

    def losses(self, embeddings: Embeddings, batch: VisionBatch) -> dict[str, Tensor]:
        views = torch.stack([embeddings["first"], embeddings["second"]])
        active = self.active_terms(batch)
        terms: dict[str, Tensor] = {}
        if "nt_xent" in active:
            terms["nt_xent"] = nt_xent(views, self.temperature)
        if "invariance" in active:
            terms["invariance"] = invariance(views)
        if "variance" in active:
            terms["variance"] = variance(views)
        if "covariance" in active:
            terms["covariance"] = covariance(views)
        if "temporal" in active:
            terms["temporal"] = temporal_consistency(embeddings["first"], embeddings["neighbour"])
        return terms
