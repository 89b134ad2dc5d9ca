"""Behaviour cloning of Meta-World tasks by one network that is never told the task.

Inputs are features of the observation: places, and differences between hand, object and goal at a
coarse and a fine scale (tanh at 10 and 2 cm), since a grip is a matter of a centimetre. The tasks
differ in where the goal is (a thing is pushed to a goal on the table and lifted to one in the air),
so they can be learned together, and only the order makes them forgotten.

Every feature is coded by two inputs, its positive and its negative part, like the ON and OFF cells
of a retina (Shang et al. 2016 do the same to units, "CReLU"). A code in which most inputs are zero
interferes less between tasks (French 1991). All methods get the same one.
"""

import functools

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from nsca.continual.method import Samples
from nsca.data.demonstrations import Demonstration
from nsca.worlds.metaworld.observation import GOAL, HAND, OBJECTS, OPENING

FINE_M, COARSE_M = 0.02, 0.1
CENTRE_M = np.array([0.0, 0.75, 0.15])  # of the space in which hand, things and goals are
LIFTED_M = 0.04  # higher than anything that lies on the table
FEATURES = 54
LEAK = 0.05
CLOSED = 0.3  # grippers of both experts are 0 when open, 0.6 or 1 when closed


def features(observations: Float[np.ndarray, "n 39"]) -> Float32[Tensor, "n 54"]:
    """Inputs of the network, about 0 to 1 each; nothing is estimated from data."""
    hand, thing, goal = (observations[:, where] for where in (HAND, OBJECTS[0], GOAL))
    apart = np.concatenate([thing - hand, goal - thing, goal - hand], axis=1)
    heights = np.stack([goal[:, 2], thing[:, 2]], axis=1) - LIFTED_M
    coded = np.concatenate(
        [
            np.tanh(apart / FINE_M),
            np.tanh(apart / COARSE_M),
            np.tanh(heights / FINE_M),
            2 * observations[:, OPENING, None] - 1,
            (hand - CENTRE_M) / COARSE_M,
            (goal - CENTRE_M) / COARSE_M,
        ],
        axis=1,
    )
    both = np.concatenate([np.maximum(coded, 0), np.maximum(-coded, 0)], axis=1)
    return torch.from_numpy(both.astype(np.float32))


def samples_of(demonstrations: list[Demonstration]) -> Samples:
    """Features and targets (`ActionLikelihood`) of every step of every demonstration."""
    seen = np.concatenate([each.observations[:-1] for each in demonstrations])
    acted = np.concatenate([each.actions for each in demonstrations])
    targets = np.column_stack([acted[:, :3], acted[:, 3] > CLOSED]).astype(np.float32)
    return Samples(features(seen.astype(np.float64)), torch.from_numpy(targets))


def network(width: int, seed: int) -> nn.Sequential:
    """Two hidden layers; the seed decides the weights.

    Leaky units: one that is off on all samples of a task still has a gradient there, so that its
    Fisher information is not zero and EWC knows of it.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unit = functools.partial(nn.LeakyReLU, LEAK)
        layers = [nn.Linear(FEATURES, width), unit(), nn.Linear(width, width), unit()]
        return nn.Sequential(*layers, nn.Linear(width, 4))


class ClonedPolicy:
    """The agent that plays a network: its mean displacements, its gripper closed or open."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model

    def begin(self, observations: Float[np.ndarray, "n 39"]) -> None:
        """Nothing is remembered from one step to the next."""

    def act(self, observations: Float[np.ndarray, "n 39"]) -> Float[np.ndarray, "n 4"]:
        """Displacements within -1 and 1; 1 for closed, 0 for open."""
        with torch.no_grad():
            outputs = self._model(features(observations)).numpy().astype(np.float64)
        return np.column_stack([outputs[:, :3].clip(-1, 1), outputs[:, 3] > 0])
