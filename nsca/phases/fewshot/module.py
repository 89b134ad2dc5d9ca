"""The few-shot phase: how a task's objects move, from its demonstrations alone."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nsca.agents.object_dynamics import ObjectDynamics
from nsca.agents.windows import LENGTH, Windows
from nsca.losses.contribution_penalty import contribution_penalty
from nsca.phases.gradient_cache import Embeddings
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.phase import Phase
from nsca.priors.prior import STANDARD_GRAVITY_M_S2, Prior
from nsca.priors.weight import PriorWeight

TERMS = frozenset({"rollout", "contribution"})
CENTIMETRE = 100.0


class FewShotPhase(Phase):
    """Trains the blended dynamics on windows of demonstrations.

    Args:
        prior: what is known of physics beforehand.
        weight: of the prior, 0 to 1; a learnable one has a learning rate of its own.
        members, width: of the ensemble of corrections.
        loss_weights: of `rollout` (squared error of places over a window, in cm²) and
            `contribution` (what the correction adds, in units of gravity).
        optimizer: as in every phase.
        micro_batch: the most windows with a graph at once.

    Raises:
        ValueError: a loss weight for a term that does not exist.
    """

    terms = TERMS

    def __init__(
        self,
        *,
        prior: Prior,
        weight: PriorWeight,
        members: int,
        width: int,
        loss_weights: Mapping[str, float],
        optimizer: OptimizerSettings,
        micro_batch: int,
    ) -> None:
        super().__init__(loss_weights=loss_weights, optimizer=optimizer, micro_batch=micro_batch)
        self.dynamics = ObjectDynamics(prior, weight, members, width)

    def embed(self, batch: Windows) -> Embeddings:
        """Predicted places [n, m, t, 2, 3] and contributions, with the hand as it was."""
        members = self.dynamics.members
        place = batch.place_m[:, 0].expand(members, -1, -1, -1)
        speed = batch.speed_m_s.expand(members, -1, -1, -1)
        placed, contributed = [], []
        for step in range(batch.closing.shape[1]):
            place, speed, contribution = self.dynamics(
                place,
                speed,
                batch.hand_m[:, step].expand(members, -1, -1),
                batch.hand_speed_m_s[:, step].expand(members, -1, -1),
                batch.opening[:, step].expand(members, -1),
                batch.closing[:, step].expand(members, -1),
                batch.things,
            )
            placed.append(place)
            contributed.append(contribution)
        return {
            "place_m": torch.stack(placed, dim=2).transpose(0, 1),
            "contribution": torch.stack(contributed, dim=2).transpose(0, 1),
        }

    def losses(self, embeddings: Embeddings, batch: Windows) -> dict[str, Tensor]:
        there = batch.there[:, None, None, :, None].float()
        error = (embeddings["place_m"] - batch.place_m[:, None, 1:]) * there * CENTIMETRE
        share = there.mean().clamp(min=1e-6)
        found = {"rollout": error.square().sum(-1).mean() / share}
        added = embeddings["contribution"] * there
        found["contribution"] = contribution_penalty(added, STANDARD_GRAVITY_M_S2) / share
        return {name: found[name] for name in self.loss_weights}

    def own_rate_groups(self) -> list[dict[str, Any]]:
        """A learnable weight has the rate that it has in every experiment."""
        return self.dynamics.blend.weight.rate_groups()

    def note_step(self) -> None:
        super().note_step()
        self.log("train/prior_weight", self.dynamics.blend.weight().detach(), batch_size=1)

    def example_batch(self, samples: int) -> Windows:
        noise = torch.rand(samples, LENGTH + 1, 2, 3)
        flags = torch.zeros(samples, LENGTH, dtype=torch.bool)
        return Windows(
            hand_m=noise[:, :, 0],
            hand_speed_m_s=noise[:, :, 1],
            opening=noise[:, :, 0, 0],
            closing=flags,
            place_m=noise,
            speed_m_s=noise[:, 0],
            there=torch.ones(samples, 2, dtype=torch.bool),
            rest_m=noise[:, 0],
            by_object=flags[:, :2],
            offset_m=noise[:, 0],
            radius_m=noise[:, 0, :, 0],
        )
