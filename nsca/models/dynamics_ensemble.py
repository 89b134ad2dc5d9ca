"""What one step of time does, said by several small networks, which disagree where none knows.

Deep ensembles (Lakshminarayanan et al. 2017): every member says how the latent and the physical
state change and how far off it may be. What physics knows beforehand is not its business: of the
thing it gives a correction, which a phase blends with a prior.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

MOST_LOG_VARIANCE = 6.0
"""Either way; e^6 = 20². Farther out the likelihood's gradient would be all that is left."""


class Step(NamedTuple):
    """What a step does, in the units that the caller gave its features in.

    Attributes:
        latent: change of the latent.
        correction: of the thing's place and velocity, in this step or in all, see `Imagination`.
        hand: change of the hand.
        latent_log_variance, physical_log_variance: of the error of the whole path up to here.
    """

    latent: Float[Tensor, "m row latent"]
    correction: Float[Tensor, "m row 6"]
    hand: Float[Tensor, "m row hand"]
    latent_log_variance: Float[Tensor, "m row latent"]
    physical_log_variance: Float[Tensor, "m row quantity"]


class DynamicsEnsemble(nn.Module):
    """Members side by side.

    Args:
        members: how many.
        n_context: width of what is known of the past.
        n_latent: width of the latent.
        n_felt: numbers that tell the physical state.
        n_physical: of the physical state itself: 6 of the thing, the rest of the hand.
        n_action: numbers of an action.
        n_embedded: width of an embedded action.
        width: hidden units of a member.
    """

    def __init__(
        self,
        *,
        members: int,
        n_context: int,
        n_latent: int,
        n_felt: int,
        n_physical: int,
        n_action: int,
        n_embedded: int,
        width: int,
    ) -> None:
        super().__init__()
        self.members = members
        self.n_context = n_context
        self.n_latent = n_latent
        self.n_felt = n_felt
        self.n_physical = n_physical
        self.action = nn.Linear(n_action, n_embedded)
        n_in = n_context + n_latent + n_felt + n_embedded + 1
        self._widths = [n_latent, 6, n_physical - 6, n_latent, n_physical]
        # one matrix a member and layer, since Muon takes matrices
        self.networks = nn.ModuleList(
            nn.Sequential(
                nn.Linear(n_in, width),
                nn.LayerNorm(width),
                nn.SiLU(),
                nn.Linear(width, width),
                nn.LayerNorm(width),
                nn.SiLU(),
                nn.Linear(width, sum(self._widths)),
            )
            for _ in range(members)
        )

    def begin_silent(self) -> None:
        """Let every member say at first that nothing changes."""
        for network in self.networks:
            for parameter in list(network.children())[-1].parameters():
                nn.init.zeros_(parameter)

    def forward(
        self,
        context: Float[Tensor, "row context"],
        latent: Float[Tensor, "m row latent"],
        felt: Float[Tensor, "m row felt"],
        action: Float[Tensor, "row number"],
        ahead: float,
    ) -> Step:
        """Predict one step.

        Args:
            context: what is known of the past.
            latent: as imagined by each member.
            felt: what tells the physical state, as imagined by each member.
            action: what is done in this step.
            ahead: how far this step is ahead of what was seen, 0..1.
        """
        far = torch.full_like(context[:, :1], ahead)
        shared = torch.cat([context, self.action(action), far], dim=-1)
        own = torch.cat([latent, felt], dim=-1)
        found = torch.stack(
            [
                network(torch.cat([shared, own[member]], dim=-1))
                for member, network in enumerate(self.networks)
            ]
        )
        latent, correction, hand, *log_variances = found.split(self._widths, dim=-1)
        kept = [MOST_LOG_VARIANCE * torch.tanh(part / MOST_LOG_VARIANCE) for part in log_variances]
        return Step(latent, correction, hand, *kept)
