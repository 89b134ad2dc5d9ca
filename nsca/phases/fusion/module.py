"""The fusion phase: one state from vision, hearing and the body, whichever of them are there.

Encoders are frozen; attention, state and latent are trained. The latent of all senses, with what is
done, tells what the senses will say a moment later (`prediction`). The state of some of them is
what they tell of the state of all (`completion`: squared error, whose least is the conditional
mean, so that whoever reads the state by a linear map may go on reading when a sense is lost).
Senses of one moment agree with each other and with no other moment (`consistency`, cross-modal
NT-Xent on the senses' tokens, so that the state need not forget what only one sense knows). The
latent varies and is not redundant (`variance`, `covariance`: VICReg).
"""

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional

from nsca.data.batch import FusionBatch
from nsca.losses.cross_modal import cross_modal_nt_xent
from nsca.losses.vicreg import covariance, variance
from nsca.models.fusion import Fusion
from nsca.models.next_senses import NextSenses
from nsca.models.sense_names import SENSES
from nsca.models.senses import Senses
from nsca.phases.fusion.data import FusionData
from nsca.phases.gradient_cache import Embeddings
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.phase import Phase

TERMS = frozenset({"prediction", "completion", "consistency", "variance", "covariance"})
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
            self.next_senses.scale.fit(torch.from_numpy(actions).to(self.device))

    def active_terms(self, batch: FusionBatch) -> frozenset[str]:
        """Without time there is nothing to predict; without pairs, nothing to agree on."""
        terms = set(self.loss_weights)
        if batch.later is None:
            terms.discard("prediction")
        if not self._pairs(batch):
            terms.discard("consistency")
        return frozenset(terms)

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
        state, aligned, _ = self.encoder(batch.now, batch.there)
        latent = self.encoder.latent(state)
        found = {"latent": latent}
        if "completion" in self.loss_weights:
            found["state"] = state
            found["completed"] = self.encoder(batch.now, batch.kept)[0]
        if "consistency" in self.loss_weights:
            found["aligned"] = aligned
        if "prediction" in self.loss_weights and batch.action is not None:
            found["predicted"] = self.next_senses(latent, batch.action)
        return found

    def losses(self, embeddings: Embeddings, batch: FusionBatch) -> dict[str, Tensor]:
        latent = embeddings["latent"][None]
        found = {
            "prediction": lambda: self._prediction(embeddings["predicted"], batch),
            "completion": lambda: functional.mse_loss(
                embeddings["completed"], embeddings["state"].detach()
            ),
            "consistency": lambda: self._consistency(embeddings["aligned"], batch),
            "variance": lambda: variance(latent),
            "covariance": lambda: covariance(latent),
        }
        return {name: found[name]() for name in self.active_terms(batch)}

    def _prediction(self, predicted: Tensor, batch: FusionBatch) -> Tensor:
        """Squared error of scaled features, mean over each sense where it is there, then over
        senses: a sense of many features counts no more than one of few.
        """
        if batch.later is None or batch.later_there is None:
            raise ValueError("a batch without time has nothing to predict")
        errors = self.senses.parts((predicted.float() - batch.later).square())
        found = []
        for place, error in enumerate(errors.values()):
            there = batch.later_there[:, place].float()
            if bool(there.any()):
                found.append((error.mean(dim=1) * there).sum() / there.sum())
        return torch.stack(found).mean()

    def _pairs(self, batch: FusionBatch) -> list[tuple[int, int, Tensor]]:
        """Two senses and the samples that have both, where these belong to at least two things."""
        found = []
        for one, other in combinations(range(len(SENSES)), 2):
            both = batch.there[:, one] & batch.there[:, other]
            if len(batch.belongs[both].unique()) > 1:
                found.append((one, other, both))
        return found

    def _consistency(self, aligned: Tensor, batch: FusionBatch) -> Tensor:
        """Mean over the pairs of senses."""
        losses = [
            cross_modal_nt_xent(
                aligned[both, one], aligned[both, other], batch.belongs[both], self.temperature
            )
            for one, other, both in self._pairs(batch)
        ]
        return torch.stack(losses).mean()
