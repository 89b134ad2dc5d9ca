"""What a linear map can say of the future, fitted in closed form before networks learn.

From the past states, the latent at the last of them and what is done until a horizon, to how far
latent and hand are then from where they were, and the thing from going on at its last velocity: a
ridge regression for each horizon. What is done later is not told: nobody who foretells 0.05 s has
done it yet, and it tells what the hand has met by then. On a table it is a strong forecaster that a
network of this size reaches only after thousands of steps and episodes (`experiments/LOG.md`), so
the network corrects it instead.

Where a physics prior foretells the thing as well, the map says what that leaves over. Ridge
regression is linear in its targets, so what is left over at any weight w of the prior is

    map of what happens - w / w0 · map of what the prior, at weight w0, foretells,

the same as a fit to the rest at w = w0, where it was made, and the plain map at w = 0. What the map
says stands beside the way that the prior foretells and is no part of it: a prior that answers to
where the thing is (grip, support, friction) would answer to the map as well, and what was left over
when the map was fitted would not be left over any more.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nsca.data.batch import DynamicsBatch
from nsca.data.moments import THING
from nsca.data.own_place import gone_on
from nsca.errors import UserError
from nsca.models.linear_map import LinearMap
from nsca.ridge import Ridge

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)  # in units of the features' variance


class Added(NamedTuple):
    """What a map adds at each horizon, SI units but for the latent.

    Attributes:
        latent: standardised, by each step.
        thing: to place and velocity, in all.
        hand: to the rest of the physical state, by each step.
    """

    latent: Float[Tensor, "row ahead latent"]
    thing: Float[Tensor, "row ahead 6"]
    hand: Float[Tensor, "row ahead hand"]


class LinearFuture(nn.Module):
    """The map, for windows of one size.

    Args:
        past, ahead: moments seen, and moments foretold.
        n_latent, n_physical, n_action: numbers of a moment.
        dt_s: between moments.
    """

    weight: Tensor

    def __init__(
        self,
        *,
        past: int,
        ahead: int,
        n_latent: int,
        n_physical: int,
        n_action: int,
        dt_s: float,
    ) -> None:
        super().__init__()
        self.past = past
        self.ahead = ahead
        self.dt_s = dt_s
        self._widths = [n_latent, n_physical - THING]
        known = past * n_physical + THING + n_latent
        self._told = [known + (past + after) * n_action for after in range(ahead)]
        self.rest = nn.ModuleList(LinearMap(n_in, sum(self._widths)) for n_in in self._told)
        self.thing = nn.ModuleList(LinearMap(n_in, 2 * THING) for n_in in self._told)
        self.register_buffer("weight", torch.zeros(()))

    def fit_rest(
        self,
        batch: DynamicsBatch,
        latents: Float[Tensor, "row moment latent"],
        unit: Float[Tensor, "ahead quantity"],
    ) -> None:
        """Fit what is said of latent and hand.

        Args:
            batch: windows of the training part in time order, at least 3.
            latents: of theirs, standardised.
            unit: of changes of the physical state.

        Raises:
            UserError: windows that tell nothing.
        """
        last = self.past - 1
        changes = [latents[:, self.past :] - latents[:, last, None]]
        hand = batch.physical[..., THING:]
        changes.append((hand[:, self.past :] - hand[:, last, None]) / unit[:, THING:])
        targets = torch.cat(changes, dim=-1).unbind(1)
        features = self.features(batch)
        fit(self.rest, features, targets, best_strength(features, targets))

    def fit_thing(
        self,
        batch: DynamicsBatch,
        foretold: Float[Tensor, "row ahead 6"],
        weight: Float[Tensor, ""],
        unit: Float[Tensor, "ahead quantity"],
    ) -> None:
        """Fit what is said of the thing.

        Args:
            batch: as `fit_rest` had it.
            foretold: by the prior.
            weight: of the prior.
            unit: of changes of the physical state.
        """
        going, unit = self.going_on(batch), unit[:, :THING]
        true = (batch.physical[:, self.past :, :THING] - going) / unit
        known = (foretold - going) / unit
        features = self.features(batch)
        strength = best_strength(features, (true - known).unbind(1))
        fit(self.thing, features, torch.cat([true, known], dim=-1).unbind(1), strength)
        self.weight.copy_(weight)

    def forward(
        self,
        batch: DynamicsBatch,
        weight: Float[Tensor, ""],
        unit: Float[Tensor, "ahead quantity"],
    ) -> Added:
        """Return what it adds at a weight of the prior."""
        latent, hand = self._said(self.rest, batch).split(self._widths, dim=-1)
        thing = self.beyond(batch, weight, unit)
        return Added(_steps(latent), thing, _steps(hand * unit[:, THING:]))

    def beyond(
        self,
        batch: DynamicsBatch,
        weight: Float[Tensor, ""],
        unit: Float[Tensor, "ahead quantity"],
    ) -> Float[Tensor, "row ahead 6"]:
        """Return how far the thing will be from going on, less what the prior says of that."""
        true, known = self._said(self.thing, batch).chunk(2, dim=-1)
        # a prior without weight foretells nothing, and its map is 0, as is one that is not fitted
        share = torch.where(self.weight > 0, weight / self.weight.clamp(min=1e-6), 0.0)
        return (true - share * known) * unit[:, :THING]

    def features(self, batch: DynamicsBatch) -> list[Float[Tensor, "row feature"]]:
        """Return what the map of each horizon is told of windows."""
        physical, last = batch.physical[:, : self.past], self._last(batch)
        seconds = self.dt_s * torch.arange(1 - self.past, 1, device=last.device)
        before = physical[..., :THING] - gone_on(last, seconds)
        latent = batch.latent[:, self.past - 1]
        # what is done comes last, in time order: what is done until a horizon is where a row begins
        parts = [before, physical[..., THING:], last, latent, batch.action]
        whole = torch.cat([part.flatten(1) for part in parts], dim=1)
        return [whole[:, :n_in] for n_in in self._told]

    def going_on(self, batch: DynamicsBatch) -> Float[Tensor, "row ahead 6"]:
        """Return where the thing will be if it goes on at its last velocity."""
        last = self._last(batch)
        seconds = self.dt_s * torch.arange(1, self.ahead + 1, device=last.device)
        return gone_on(last, seconds)

    def _said(self, maps: nn.ModuleList, batch: DynamicsBatch) -> Float[Tensor, "row ahead number"]:
        told = zip(maps, self.features(batch), strict=True)
        return torch.stack([linear(features) for linear, features in told], dim=1)

    def _last(self, batch: DynamicsBatch) -> Float[Tensor, "row 1 6"]:
        return batch.physical[:, self.past - 1, None, :THING]


def best_strength(
    features: Sequence[Float[Tensor, "row _"]], targets: Sequence[Float[Tensor, "row target"]]
) -> float:
    """Return the strength that is best on the last third of the rows after a fit to the others, by
    the mean over horizons: chosen for each of them it is a matter of luck where clips are few.

    Args:
        features, targets: of each horizon.

    Raises:
        UserError: no strength gives a solution.
    """
    errors = dict.fromkeys(STRENGTHS, 0.0)
    for told, target in zip(features, targets, strict=True):
        cut = 2 * len(told) // 3
        ridge = Ridge(told[:cut], target[:cut])
        for strength in tuple(errors):
            weights = ridge.weights(strength)
            if weights is None:
                del errors[strength]
                continue
            said = (told[cut:] - ridge.mean) * ridge.scale @ weights + ridge.target_mean
            errors[strength] += float((said - target[cut:]).square().mean())
    if not errors:
        raise UserError("no linear map can be fitted: windows do not vary", "give more data")
    return min(errors, key=errors.__getitem__)


def fit(
    maps: nn.ModuleList,
    features: Sequence[Float[Tensor, "row _"]],
    targets: Sequence[Float[Tensor, "row target"]],
    strength: float,
) -> None:
    """Fit the maps of all horizons by ridge regression.

    Raises:
        UserError: see `best_strength`.
    """
    for linear, told, target in zip(maps, features, targets, strict=True):
        ridge = Ridge(told, target)
        weights = ridge.weights(strength)
        if weights is None:
            raise UserError("no linear map can be fitted: windows do not vary", "give more data")
        fitted = {
            "mean": ridge.mean,
            "scale": ridge.scale,
            "weights": weights,
            "offset": ridge.target_mean,
        }
        linear.load_state_dict(fitted)


def _steps(path: Float[Tensor, "row ahead number"]) -> Float[Tensor, "row ahead number"]:
    """From how far it has come to what each step added."""
    return torch.diff(path, dim=1, prepend=torch.zeros_like(path[:, :1]))
