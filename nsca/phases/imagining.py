"""What dynamics, memory and full share: senses, a fusion, and what imagines above them."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from nsca.data.batch import Batch
from nsca.models.fusion import Fusion
from nsca.models.senses import Senses
from nsca.objectives.imagination import Imagination
from nsca.objectives.imagined import Imagined
from nsca.phases.gradient_cache import Embeddings
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.phase import Phase


class ImaginingPhase(Phase):
    """Base class of dynamics, memory and full: the future is imagined from the fused state.

    Args:
        senses, encoder: loaded together, as the part `fusion`; not trained where `frozen` has it.
        imagination: with them, the part `dynamics`.
        loss_weights, optimizer, micro_batch: see `Phase`.

    Attributes:
        foretold: of the validation batch that was scored last, for callbacks; None in training.

    Raises:
        ValueError: an imagination of other latents than the fusion gives; and see `Phase`.
    """

    def __init__(
        self,
        *,
        senses: Senses,
        encoder: Fusion,
        imagination: Imagination,
        loss_weights: Mapping[str, float],
        optimizer: OptimizerSettings,
        micro_batch: int,
    ) -> None:
        super().__init__(loss_weights=loss_weights, optimizer=optimizer, micro_batch=micro_batch)
        n_latent, foretold = encoder.latent.out_features, imagination.dynamics.n_latent
        if foretold != n_latent:
            raise ValueError(f"dynamics.n_latent is {foretold}, not {n_latent}")
        self.senses = senses
        self.encoder = encoder
        for module in (senses, encoder):
            module.requires_grad_("fusion" not in self.frozen)
        self.imagination = imagination
        self.foretold: Imagined | None = None

    def imagined(self, embeddings: Embeddings) -> Imagined:
        """Return what is foretold among what `embed` gave."""
        return Imagined(**embeddings)

    def weighted_loss(
        self, embeddings: Embeddings, batch: Batch
    ) -> tuple[Tensor, dict[str, Tensor]]:
        self.foretold = None if self.training else self.imagined(embeddings)
        return super().weighted_loss(embeddings, batch)

    def own_rate_groups(self) -> list[dict[str, Any]]:
        """A learnable weight has the rate that it has in every experiment."""
        return self.imagination.motion.weight.rate_groups()

    def note_step(self) -> None:
        super().note_step()
        self.log("train/prior_weight", self.imagination.motion.weight().detach(), batch_size=1)
