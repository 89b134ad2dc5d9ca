"""The vision phase: image features from frames alone, by `nsca.objectives.pictures`.

A source without time has no temporal term: neither in the losses nor in the weights.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from nsca.data.batch import VisionBatch
from nsca.models.projector import Projector
from nsca.models.vision_encoder import VisionEncoder
from nsca.objectives.pictures import TERMS, picture_losses
from nsca.phases.gradient_cache import Embeddings
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.phase import Phase

PARTS = {"vision": ("encoder",)}


class VisionPhase(Phase):
    """Self-supervised training of the vision encoder.

    Args:
        encoder: from pictures to features; the part that later phases take.
        projector: from features to the space of the losses; thrown away after training.
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
        return picture_losses(embeddings, self.temperature, self.active_terms(batch))
