"""What a plan would lead to, in the learned dynamics; nothing of the simulator is touched."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from nsca.agents.object_dynamics import ObjectDynamics, Things
from nsca.agents.own_body import OwnBody
from nsca.agents.scene import SceneFacts
from nsca.agents.tracking import CORRECTION
from nsca.agents.warping import Plan
from nsca.worlds.metaworld.observation import (
    HAND,
    OPENING,
    STEP_S,
    TARGET_M_PER_ACTION,
    places,
)

FARTHEST_M = 2.0  # an imagined object is held within this cube: a bad model must not overflow


@dataclass(frozen=True)
class Imagined:
    """The course of one plan, mean and standard deviation over the ensemble.

    place_m: of both objects after each step. spread_m: root mean square distance of the members.
    hand_m: after each step.
    """

    place_m: Float[np.ndarray, "t 2 3"]
    spread_m: Float[np.ndarray, "t 2"]
    hand_m: Float[np.ndarray, "t 3"]


@torch.no_grad()
def imagine(
    dynamics: ObjectDynamics,
    body: OwnBody,
    facts: SceneFacts,
    observations: Float[np.ndarray, "n 39"],
    rest_m: Float[np.ndarray, "n 2 3"],
    plans: Sequence[Plan],
) -> list[Imagined]:
    """One course for each pair of observation and plan, all side by side.

    Args:
        dynamics: trained.
        body: how hand and fingers follow.
        facts: of the task's objects.
        observations: where each begins, at rest.
        rest_m: where the objects rested when the episode had settled.
        plans: from there.
    """
    steps = max(len(plan.grip) for plan in plans)
    target = np.stack([_padded(plan.target, steps) for plan in plans])
    wanted = np.stack([_padded(plan.hand, steps) for plan in plans])
    grip = np.stack([_padded(plan.grip, steps) for plan in plans])
    hand, opening = observations[:, HAND].copy(), observations[:, OPENING].copy()
    moved = before = np.zeros_like(hand)
    target_now = hand.copy()
    members, count = dynamics.members, len(plans)
    things = _things(facts, rest_m)
    place = torch.from_numpy(places(observations)).float().expand(members, count, 2, 3)
    speed = torch.zeros_like(place)
    courses, spreads, hands = [], [], []
    for step in range(steps):
        place, speed, _ = dynamics.step(
            place,
            speed,
            _row(hand, members),
            _row(moved / STEP_S, members),
            _row(opening, members),
            _row(grip[:, step], members) > 0,
            things,
        )
        place = place.clamp(-FARTHEST_M, FARTHEST_M)
        at = target[:, step] + CORRECTION * (wanted[:, step] - hand)
        step_m = np.clip(at - target_now, -TARGET_M_PER_ACTION, TARGET_M_PER_ACTION)
        target_now = target_now + step_m
        moved, before = body.hand_step(moved, before, step_m, target_now - hand), moved
        hand = hand + moved
        opening = body.finger_step(opening, grip[:, step])
        mean = place.mean(dim=0)
        courses.append(mean.double().numpy())
        spreads.append((place - mean).square().sum(-1).mean(0).sqrt().double().numpy())
        hands.append(hand)
    course, spread, went = np.stack(courses, 1), np.stack(spreads, 1), np.stack(hands, 1)
    lengths = [len(plan.grip) for plan in plans]
    return [
        Imagined(course[i, :length], spread[i, :length], went[i, :length])
        for i, length in enumerate(lengths)
    ]


def _things(facts: SceneFacts, rest_m: np.ndarray) -> Things:
    count = len(rest_m)
    return Things(
        rest_m=torch.from_numpy(rest_m).float(),
        by_object=torch.from_numpy(np.repeat(facts.by_object[None], count, axis=0)),
        offset_m=torch.from_numpy(np.repeat(facts.offset_m[None], count, axis=0)).float(),
        radius_m=torch.from_numpy(np.repeat(facts.radius_m[None], count, axis=0)).float(),
    )


def _row(values: np.ndarray, members: int) -> torch.Tensor:
    return torch.from_numpy(values).float().expand(members, *values.shape)


def _padded(values: np.ndarray, steps: int) -> np.ndarray:
    """The last row repeated until there are so many."""
    return np.concatenate([values, np.repeat(values[-1:], steps - len(values), axis=0)])
