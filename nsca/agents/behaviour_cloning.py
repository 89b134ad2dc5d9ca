"""Behaviour cloning, in three arms: what demonstrations give to a network that only imitates.

`plain_clone` sees the observation, `relative_clone` what lies where as seen from what,
`relative_ensemble` is the mean of five of the latter. Nothing else differs: perceptrons with two
hidden layers, mean absolute error, AdamW, cosine. Where the demonstrations' gripper has two
commands, the policy has the same two: a continuous one closes a little too early and then waits
forever beside the thing. `experiments/LOG.md` (2026-11-21, "baselines that only imitate" and "a
hundred demonstrations were half learned") has the figures from which loss, gripper and number of
steps were chosen, on tuning seeds.

The goal is part of the observation, so that nothing has to be guessed.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from nsca.agents.clone_features import Features, gripper_levels, relative, standardised
from nsca.data.demonstrations import Demonstration
from nsca.models.ensemble_mlp import EnsembleMLP

BATCH = 128  # steps of demonstrations, drawn for each member by itself
# How often each step of the demonstrations is seen: less leaves a hundred of them half learned,
# more costs success with five. Bounded, so that one is learned at all and many come to an end.
EPOCHS = 200
FEWEST_STEPS, MOST_STEPS = 1000, 16_000
WIDTH = 128
RATE, DECAY = 1e-3, 1e-4
ENSEMBLE = 5


class BehaviourCloning:
    """A policy that imitates; it is a function of the demonstrations and the seed.

    Args:
        demonstrations: of one task.
        features: what it sees.
        members: networks whose mean acts.
        seed: of their first weights and of the batches.

    Raises:
        ValueError: no demonstration.
    """

    def __init__(
        self,
        demonstrations: Sequence[Demonstration],
        features: Features,
        members: int,
        seed: int,
    ) -> None:
        _need(demonstrations)
        self._features = features
        self._levels = gripper_levels(demonstrations)
        seen = np.concatenate([shown.observations[:-1] for shown in demonstrations])
        acted = np.concatenate([shown.actions for shown in demonstrations]).clip(-1.0, 1.0)
        if self._levels is not None:
            acted[:, 3] = np.where(acted[:, 3] > self._levels.mean(), 1.0, -1.0)
        inputs = torch.from_numpy(features(seen.astype(np.float64)).astype(np.float32))
        self._networks = _trained(inputs, torch.from_numpy(acted), members, seed)

    def begin(self, observations: Float[np.ndarray, "n 39"]) -> None:
        """Nothing is remembered from one step to the next."""

    @torch.no_grad()
    def act(self, observations: Float[np.ndarray, "n 39"]) -> Float[np.ndarray, "n 4"]:
        """The members' mean, within -1 and 1; the gripper's command as demonstrated."""
        inputs = torch.from_numpy(self._features(observations).astype(np.float32))
        each = self._networks(inputs.expand(self._networks.members, *inputs.shape))
        actions = each.mean(dim=0).double().numpy()
        if self._levels is not None:
            actions[:, 3] = self._levels[(actions[:, 3] > 0).astype(int)]
        return actions.clip(-1.0, 1.0)


def plain_clone(demonstrations: Sequence[Demonstration], seed: int) -> BehaviourCloning:
    """One network that sees the 39 numbers; arguments and errors: see `BehaviourCloning`."""
    _need(demonstrations)
    return BehaviourCloning(demonstrations, standardised(demonstrations), 1, seed)


def relative_clone(demonstrations: Sequence[Demonstration], seed: int) -> BehaviourCloning:
    """One network that sees `relative` features."""
    return BehaviourCloning(demonstrations, relative, 1, seed)


def relative_ensemble(demonstrations: Sequence[Demonstration], seed: int) -> BehaviourCloning:
    """Five networks that see `relative` features."""
    return BehaviourCloning(demonstrations, relative, ENSEMBLE, seed)


def training_steps(rows: int) -> int:
    """Optimiser steps for demonstrations of so many steps in all."""
    return min(max(EPOCHS * rows // BATCH, FEWEST_STEPS), MOST_STEPS)


def _need(demonstrations: Sequence[Demonstration]) -> None:
    if not demonstrations:
        raise ValueError("at least one demonstration is needed")


def _trained(
    inputs: Float32[Tensor, "n f"], targets: Float32[Tensor, "n 4"], members: int, seed: int
) -> EnsembleMLP:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        networks = EnsembleMLP(members, inputs.shape[1], WIDTH, 4)
        optimizer = torch.optim.AdamW(networks.parameters(), lr=RATE, weight_decay=DECAY)
        steps = training_steps(len(inputs))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(steps):
            rows = torch.randint(len(inputs), (members, BATCH))
            errors = (networks(inputs[rows]) - targets[rows]).abs()
            optimizer.zero_grad()
            # The sum over members: none trains slower for having company.
            errors.mean(dim=(1, 2)).sum().backward()
            optimizer.step()
            schedule.step()
    return networks.requires_grad_(False)
