"""What is foretold before any network speaks: a prior's way from the last moment seen, and a linear
map that corrects it (`LinearFuture`), both fitted or known before the first step by gradient.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nsca.data.batch import DynamicsBatch
from nsca.data.moments import THING
from nsca.data.own_place import gone_on
from nsca.objectives.linear_future import LinearFuture
from nsca.objectives.prior_path import prior_path
from nsca.priors.blended_motion import BlendedMotion


class Begun(NamedTuple):
    """What is foretold.

    Attributes:
        latent: what each step adds, standardised.
        hand: what each step adds to the rest of the physical state, SI units.
        thing: its whole way, places (m) and velocities (m/s).
        contribution: of the map to each step of the thing, in units of what gravity does in it.
    """

    latent: Float[Tensor, "row ahead latent"]
    hand: Float[Tensor, "row ahead hand"]
    thing: Float[Tensor, "row ahead 6"]
    contribution: Float[Tensor, "row ahead 6"]


class FirstForecast(nn.Module):
    """Map and prior together, and what they get wrong.

    Args:
        linear: not yet fitted.
        n_latent, n_hand: numbers of the latent, and of the physical state beside the thing.

    Attributes:
        latent_left, hand_left: what the map gets wrong of each step, as root mean square.
        thing_left: and of the thing at each horizon, SI units.
    """

    latent_left: Tensor
    hand_left: Tensor
    thing_left: Tensor

    def __init__(self, linear: LinearFuture, n_latent: int, n_hand: int) -> None:
        super().__init__()
        self.linear = linear
        self.register_buffer("latent_left", torch.ones(n_latent))
        self.register_buffer("hand_left", torch.ones(n_hand))
        self.register_buffer("thing_left", torch.ones(linear.ahead, THING))

    @torch.no_grad()
    def fit(
        self,
        batch: DynamicsBatch,
        latents: Float[Tensor, "row moment latent"],
        motion: BlendedMotion,
        unit: Float[Tensor, "ahead quantity"],
        least: tuple[float, Float[Tensor, " quantity"]],
    ) -> None:
        """Fit the map, first to hand and latent: the prior foretells the thing with that hand. What
        is left is the unit of what networks correct.

        Args:
            batch: windows of the training part in time order, at least 3.
            latents: of theirs, standardised.
            motion: prior and weight.
            unit: of changes of the physical state.
            least: units of the latent and of the physical state that are not blown up.

        Raises:
            UserError: windows that tell nothing.
        """
        past = self.linear.past
        self.linear.fit_rest(batch, latents, unit)
        _, hand = self.linear.of_rest(batch, unit)
        self.linear.fit_thing(batch, motion.weight(), unit, self._by_prior(batch, motion, hand))
        begun = self(batch, motion, unit)
        latent = torch.diff(latents[:, past - 1 :], dim=1) - begun.latent
        hand = torch.diff(batch.physical[:, past - 1 :, THING:], dim=1) - begun.hand
        thing = batch.physical[:, past:, :THING] - begun.thing
        self.latent_left.copy_(latent.square().mean(dim=(0, 1)).sqrt().clamp(least[0]))
        self.hand_left.copy_(hand.square().mean(dim=(0, 1)).sqrt().maximum(least[1][THING:]))
        self.thing_left.copy_(thing.square().mean(dim=0).sqrt().maximum(least[1][:THING]))

    def forward(
        self,
        batch: DynamicsBatch,
        motion: BlendedMotion,
        unit: Float[Tensor, "ahead quantity"],
        by_prior: bool = False,
    ) -> Begun:
        """Return what is foretold of windows.

        A map that makes up for any weight of the prior leaves it to its price: what the map
        contributes is least where the prior explains most, and w goes there by gradient.

        Args:
            batch: windows; of the moments ahead, what is done alone is read.
            motion, unit: as `fit` had them.
            by_prior: of the thing, what the prior alone foretells.
        """
        latent, hand = self.linear.of_rest(batch, unit)
        alone, going = self._by_prior(batch, motion, hand), self.linear.going_on(batch)
        prior = going if alone is None else alone
        if by_prior:
            return Begun(latent, hand, prior, torch.zeros_like(prior))
        weight = motion.weight()
        by_map = self.linear.of_thing(batch, weight, unit, alone)
        steps = beyond_going_on(by_map, motion.dt_s) / motion.units(by_map)
        return Begun(latent, hand, going + weight * (prior - going) + by_map, steps)

    def _by_prior(
        self, batch: DynamicsBatch, motion: BlendedMotion, hand: Float[Tensor, "row ahead hand"]
    ) -> Float[Tensor, "row ahead 6"] | None:
        """The prior's way, for a map that is told of it."""
        return prior_path(motion, batch, hand) if self.linear.told else None


def beyond_going_on(
    way: Float[Tensor, "*batch ahead 6"], dt_s: float
) -> Float[Tensor, "*batch ahead 6"]:
    """Return what each step of a way adds to going on at the velocity before it; it begins at 0."""
    before = torch.cat([torch.zeros_like(way[..., :1, :]), way[..., :-1, :]], dim=-2)
    return way - gone_on(before, before.new_full((1,), dt_s))
