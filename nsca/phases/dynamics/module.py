"""The dynamics phase: what will be, given what is done, as a latent and in metres and seconds.

The senses and the fusion are frozen; their latents are asked for once. What is learned, and by
which losses: `nsca.objectives.imagination` and `imagined`.
"""

from torch import Tensor

from nsca.data.batch import DynamicsBatch
from nsca.objectives.first_fit import fit
from nsca.objectives.imagined import TERMS
from nsca.phases.dynamics.data import DynamicsData
from nsca.phases.gradient_cache import Embeddings
from nsca.phases.imagining import ImaginingPhase

PARTS = {
    "fusion": ("encoder", "senses"),
    "dynamics": ("imagination", "encoder", "senses"),  # worth nothing above another fusion
}


class DynamicsPhase(ImaginingPhase):
    """Training of the dynamics above frozen senses and fusion.

    Prototypes say nothing here: the memory phase consolidates them. For arguments see
    `ImaginingPhase`.
    """

    terms = TERMS
    parts = PARTS
    frozen = frozenset({"fusion"})

    def on_fit_start(self) -> None:
        """Ask senses and fusion once for all steps, and take every scale from the training part."""
        data = getattr(self.trainer, "datamodule", None)
        if not isinstance(data, DynamicsData):
            raise TypeError(f"the dynamics phase needs DynamicsData, not {type(data).__name__}")
        data.pack(self.senses, self.encoder)
        if not self.imagination.fitted:
            fit(self.imagination, data.stored("train"))
        self.imagination.check_moments(data.stored("train").moments)

    def example_batch(self, samples: int) -> DynamicsBatch:
        return self.imagination.example_batch(samples)

    def embed(self, batch: DynamicsBatch) -> Embeddings:
        return self.imagination(batch)._asdict()

    def losses(self, embeddings: Embeddings, batch: DynamicsBatch) -> dict[str, Tensor]:
        return self.imagination.losses(self.imagined(embeddings), batch, self.loss_weights)
