"""The dynamics phase: what will be, given what is done, as a latent and in metres and seconds.

The senses and the fusion are frozen; their latents are asked for once. What is learned, and by
which losses: `nsca.objectives.imagination`.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from nsca.data.batch import DynamicsBatch
from nsca.models.dynamics_ensemble import DynamicsEnsemble
from nsca.models.fusion import Fusion
from nsca.models.prototypes import Prototypes
from nsca.models.senses import Senses
from nsca.models.temporal import Temporal
from nsca.objectives.imagination import TERMS, Imagination, Imagined
from nsca.phases.dynamics.data import DynamicsData
from nsca.phases.gradient_cache import Embeddings
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.phase import Phase
from nsca.priors.prior import Prior
from nsca.priors.weight import PriorWeight

PARTS = {
    "fusion": ("encoder", "senses"),
    "dynamics": ("imagination", "encoder", "senses"),  # worth nothing above another fusion
}


class DynamicsPhase(Phase):
    """Training of the dynamics above frozen senses and fusion.

    Args:
        senses, encoder: frozen; trained ones come together, as the part `fusion`.
        temporal, dynamics, prior, weight, dt_s, substeps, past, ahead, drives, prototypes: see
            `Imagination`; together they are the part `dynamics`. Prototypes say nothing here: the
            memory phase consolidates them.
        loss_weights: by term, of `TERMS`.
        optimizer: Muon, warm-up and cosine.
        micro_batch: the most windows with a graph at once.

    Raises:
        ValueError: a loss weight for a term that does not exist, or parts of different widths.
    """

    terms = TERMS
    parts = PARTS
    frozen = frozenset({"fusion"})

    def __init__(
        self,
        *,
        senses: Senses,
        encoder: Fusion,
        temporal: Temporal,
        dynamics: DynamicsEnsemble,
        prior: Prior,
        weight: PriorWeight,
        dt_s: float,
        substeps: int,
        past: int,
        ahead: int,
        loss_weights: Mapping[str, float],
        optimizer: OptimizerSettings,
        micro_batch: int,
        drives: bool = False,
        prototypes: Prototypes | None = None,
    ) -> None:
        super().__init__(loss_weights=loss_weights, optimizer=optimizer, micro_batch=micro_batch)
        n_latent = encoder.latent.out_features
        if dynamics.n_latent != n_latent:
            raise ValueError(f"dynamics.n_latent is {dynamics.n_latent}, not {n_latent}")
        self.senses = senses
        self.encoder = encoder.requires_grad_(False)
        self.imagination = Imagination(
            temporal=temporal,
            dynamics=dynamics,
            prior=prior,
            weight=weight,
            dt_s=dt_s,
            substeps=substeps,
            past=past,
            ahead=ahead,
            drives=drives,
            prototypes=prototypes,
        )

    def on_fit_start(self) -> None:
        """Ask senses and fusion once for all steps, and take every scale from the training part."""
        data = getattr(self.trainer, "datamodule", None)
        if not isinstance(data, DynamicsData):
            raise TypeError(f"the dynamics phase needs DynamicsData, not {type(data).__name__}")
        data.pack(self.senses, self.encoder)
        if not self.imagination.fitted:
            self.imagination.fit(data.stored("train"))

    def own_rate_groups(self) -> list[dict[str, Any]]:
        """A learnable weight has the rate that it has in every experiment."""
        return self.imagination.motion.weight.rate_groups()

    def example_batch(self, samples: int) -> DynamicsBatch:
        return self.imagination.example_batch(samples)

    def embed(self, batch: DynamicsBatch) -> Embeddings:
        return self.imagination(batch)._asdict()

    def losses(self, embeddings: Embeddings, batch: DynamicsBatch) -> dict[str, Tensor]:
        return self.imagination.losses(Imagined(**embeddings), batch, self.loss_weights)

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        super().on_train_batch_end(outputs, batch, batch_idx)
        weight = self.imagination.motion.weight()
        self.log("train/prior_weight", weight.detach(), batch_size=len(batch))
