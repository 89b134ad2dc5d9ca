"""What a plan would lead to, in the learned dynamics; nothing of the simulator is touched.

The hand goes where the plan wants it: tracking keeps it within a few millimetres (`tracking.py`),
and a learned model of the arm only added its own errors (`experiments/LOG.md`). What is imagined is
how things respond.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from nsca.agents.object_dynamics import ObjectDynamics, Things
from nsca.agents.scene import SceneFacts
from nsca.agents.warping import Plan
from nsca.worlds.metaworld.observation import STEP_S

FARTHEST_M = 2.0  # an imagined object is held within this cube: a bad model must not overflow


@dataclass(frozen=True)
class Imagined:
    """The course of one plan, mean and standard deviation over the ensemble.

    place_m: of both objects after each step. spread_m: root mean square distance of the members.
    """

    place_m: Float[np.ndarray, "t 2 3"]
    spread_m: Float[np.ndarray, "t 2"]


@torch.no_grad()
def imagine(
    dynamics: ObjectDynamics,
    facts: SceneFacts,
    rest_m: Float[np.ndarray, "n 2 3"],
    plans: Sequence[Plan],
) -> list[Imagined]:
    """One course for each plan, all side by side.

    Args:
        dynamics: trained.
        facts: of the task's objects.
        rest_m: where the objects rest when the plan begins.
        plans: from there.
    """
    steps = max(len(plan.grip) for plan in plans)
    hand = torch.from_numpy(np.stack([_padded(plan.hand, steps) for plan in plans])).float()
    opening = torch.from_numpy(np.stack([_padded(plan.opening, steps) for plan in plans])).float()
    closing = torch.from_numpy(np.stack([_padded(plan.grip, steps) for plan in plans]) > 0)
    speed_m_s = torch.diff(hand, dim=1, prepend=hand[:, :1]) / STEP_S
    members = dynamics.members
    things = _things(facts, rest_m)
    place = torch.from_numpy(rest_m).float().expand(members, *rest_m.shape)
    speed = torch.zeros_like(place)
    courses, spreads = [], []
    for step in range(steps):
        place, speed, _ = dynamics(
            place,
            speed,
            hand[:, step].expand(members, -1, -1),
            speed_m_s[:, step].expand(members, -1, -1),
            opening[:, step].expand(members, -1),
            closing[:, step].expand(members, -1),
            things,
        )
        place = place.clamp(-FARTHEST_M, FARTHEST_M)
        mean = place.mean(dim=0)
        courses.append(mean.double().numpy())
        spreads.append((place - mean).square().sum(-1).mean(0).sqrt().double().numpy())
    course, spread = np.stack(courses, 1), np.stack(spreads, 1)
    lengths = [len(plan.grip) for plan in plans]
    return [Imagined(course[i, :n], spread[i, :n]) for i, n in enumerate(lengths)]


def _things(facts: SceneFacts, rest_m: np.ndarray) -> Things:
    count = len(rest_m)
    return Things(
        rest_m=torch.from_numpy(rest_m).float(),
        by_object=torch.from_numpy(np.repeat(facts.by_object[None], count, axis=0)),
        offset_m=torch.from_numpy(np.repeat(facts.offset_m[None], count, axis=0)).float(),
        radius_m=torch.from_numpy(np.repeat(facts.radius_m[None], count, axis=0)).float(),
    )


def _padded(values: np.ndarray, steps: int) -> np.ndarray:
    """The last row repeated until there are so many."""
    return np.concatenate([values, np.repeat(values[-1:], steps - len(values), axis=0)])
