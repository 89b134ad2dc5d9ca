"""What a linear map can say of the future, fitted in closed form before networks learn.

From the past states, the latent at the last of them and what is done until a horizon, to how far
latent and hand are then from where they were, and the thing from going on at its last velocity: a
ridge regression for each horizon. What is done later is not told: nobody who foretells 0.05 s has
done it yet, and it tells what the hand has met by then. On a table it is a strong forecaster that a
network of this size reaches only after thousands of steps and episodes (`experiments/LOG.md`), so
the network corrects it instead.

Where a physics prior foretells the thing as well, the map says what that leaves over, and is told
what it says until that horizon: with data enough it corrects each quantity of it by as much as it
deserves, and without, ridge regression leaves what the prior says. Being linear in its targets, the
map of the rest at any weight w of the prior is

    map of what happens - w · map of what the prior alone foretells.

With data enough it makes up for any weight, of which what is foretold then says nothing; what is
left to the map does (`FirstForecast`). The prior foretells the thing from the last moment seen,
whatever is learned: one that answers to where the thing is (grip, support, friction) would answer
to the map as well, and what was left over when the map was fitted would not be left over any more.
"""

from collections.abc import Sequence

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


class LinearFuture(nn.Module):
    """The map, for windows of one size.

    Args:
        past, ahead: moments seen, and moments foretold.
        n_latent, n_physical, n_action: numbers of a moment.
        dt_s: between moments.
        told: whether the map of the thing is told what a prior foretells.
    """

    def __init__(
        self,
        *,
        past: int,
        ahead: int,
        n_latent: int,
        n_physical: int,
        n_action: int,
        dt_s: float,
        told: bool,
    ) -> None:
        super().__init__()
        self.past = past
        self.ahead = ahead
        self.dt_s = dt_s
        self.told = told
        self._widths = [n_latent, n_physical - THING]
        known = past * n_physical + THING + n_latent
        self._known = [known + (past + after) * n_action for after in range(ahead)]
        self.rest = nn.ModuleList(LinearMap(n_in, sum(self._widths)) for n_in in self._known)
        self.thing = nn.ModuleList(
            LinearMap(n_in + told * after * THING, (1 + told) * THING)
            for after, n_in in enumerate(self._known, start=1)
        )

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
        features = self._features(batch)
        fit(self.rest, features, targets, best_strength(features, targets))

    def fit_thing(
        self,
        batch: DynamicsBatch,
        weight: Float[Tensor, ""],
        unit: Float[Tensor, "ahead quantity"],
        alone: Float[Tensor, "row ahead 6"] | None,
    ) -> None:
        """Fit what is said of the thing.

        Args:
            batch: as `fit_rest` had it.
            weight: of the prior; how strongly the map is held to nothing is chosen for its rest.
            unit: of changes of the physical state.
            alone: what the prior alone foretells; None where the map is not told.
        """
        going = self.going_on(batch)
        true = (batch.physical[:, self.past :, :THING] - going) / unit[:, :THING]
        features = self._thing_features(batch, unit, alone)
        if alone is None:
            fit(self.thing, features, true.unbind(1), best_strength(features, true.unbind(1)))
            return
        known = (alone - going) / unit[:, :THING]
        strength = best_strength(features, (true - weight * known).unbind(1))
        fit(self.thing, features, torch.cat([true, known], dim=-1).unbind(1), strength)

    def of_rest(
        self, batch: DynamicsBatch, unit: Float[Tensor, "ahead quantity"]
    ) -> tuple[Float[Tensor, "row ahead latent"], Float[Tensor, "row ahead hand"]]:
        """Return what each step adds to the latent, standardised, and to the hand, SI units."""
        said = _said(self.rest, self._features(batch))
        latent, hand = said.split(self._widths, dim=-1)
        return _steps(latent), _steps(hand * unit[:, THING:])

    def of_thing(
        self,
        batch: DynamicsBatch,
        weight: Float[Tensor, ""],
        unit: Float[Tensor, "ahead quantity"],
        alone: Float[Tensor, "row ahead 6"] | None,
    ) -> Float[Tensor, "row ahead 6"]:
        """Return how far the thing will be from going on, less w times what the prior says of that,
        SI units.

        Args:
            batch: windows.
            weight: of the prior.
            unit: as `fit_thing` had it.
            alone: what the prior alone foretells; None where the map is not told.
        """
        said = _said(self.thing, self._thing_features(batch, unit, alone))
        if alone is not None:
            said = said[..., :THING] - weight * said[..., THING:]
        return said * unit[:, :THING]

    def _features(self, batch: DynamicsBatch) -> list[Float[Tensor, "row feature"]]:
        """What the map of each horizon is told of windows."""
        physical, last = batch.physical[:, : self.past], self._last(batch)
        seconds = self.dt_s * torch.arange(1 - self.past, 1, device=last.device)
        before = physical[..., :THING] - gone_on(last, seconds)
        latent = batch.latent[:, self.past - 1]
        # what is done comes last, in time order: what is done until a horizon is where a row begins
        parts = [before, physical[..., THING:], last, latent, batch.action]
        whole = torch.cat([part.flatten(1) for part in parts], dim=1)
        return [whole[:, :n_in] for n_in in self._known]

    def _thing_features(
        self,
        batch: DynamicsBatch,
        unit: Float[Tensor, "ahead quantity"],
        alone: Float[Tensor, "row ahead 6"] | None,
    ) -> list[Float[Tensor, "row feature"]]:
        """What the map of the thing is told: of the prior, too, and as of commands until then."""
        features = self._features(batch)
        if (alone is not None) != self.told:
            raise ValueError("what the prior alone foretells is for a map that is told of it")
        if alone is None:
            return features
        beyond = ((alone - self.going_on(batch)) / unit[:, :THING]).flatten(1)
        return [
            torch.cat([known, beyond[:, : after * THING]], dim=1)
            for after, known in enumerate(features, start=1)
        ]

    def going_on(self, batch: DynamicsBatch) -> Float[Tensor, "row ahead 6"]:
        """Return where the thing will be if it goes on at its last velocity."""
        last = self._last(batch)
        seconds = self.dt_s * torch.arange(1, self.ahead + 1, device=last.device)
        return gone_on(last, seconds)

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


def _said(
    maps: nn.ModuleList, features: Sequence[Float[Tensor, "row _"]]
) -> Float[Tensor, "row ahead number"]:
    told = zip(maps, features, strict=True)
    return torch.stack([linear(known) for linear, known in told], dim=1)


def _steps(path: Float[Tensor, "row ahead number"]) -> Float[Tensor, "row ahead number"]:
    """From how far it has come to what each step added."""
    return torch.diff(path, dim=1, prepend=torch.zeros_like(path[:, :1]))
