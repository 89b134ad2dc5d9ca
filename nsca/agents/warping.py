"""A demonstration carried over to a new scene, by geometry alone.

The way of the hand is cut where things begin to move (`contacts`). Each part belongs to a frame:
the hand's start, the object that is about to be touched, the object that this one is about to
touch, at last the goal. In a new scene every frame is displaced; along the way the displacement of
one frame passes smoothly into that of the next. Task-parameterised movements work alike (Calinon
2016, "A tutorial on task-parameterized movement learning and retrieval"); what is replayed here is
not the hand's way but that of its *target* (equilibrium-point control): the hand hangs on its
target like on a spring, so that the same targets relative to the object press, grip and slip as
they did in the demonstration. Over the sixteen hardest tasks, from one demonstration, tracking the
hand's way solved 0.75, replaying targets 0.84.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from nsca.agents.contacts import SETTLED, contacts
from nsca.data.demonstrations import Demonstration
from nsca.worlds.metaworld.observation import (
    GOAL,
    HAND,
    OPENING,
    TARGET_M_PER_ACTION,
    places,
    present,
)

ALIGNED_M = 0.08  # so far from the touch the hand is already on the displaced way: fingers straddle
ARRIVED_M = 0.02
HANDED_OVER = 0.6  # of the way between two touches: from there on the next object's frame rules


@dataclass(frozen=True)
class Plan:
    """What to do step by step, and what is expected of it.

    hand: where the hand should be. target: where its target should be after the step. grip: the
    gripper's action. opening: of the fingers before the step, 0 to 1. expected: places of the two
    objects. step: the demonstration's step.
    """

    hand: Float[np.ndarray, "m 3"]
    target: Float[np.ndarray, "m 3"]
    grip: Float[np.ndarray, " m"]
    opening: Float[np.ndarray, " m"]
    expected: Float[np.ndarray, "m 2 3"]
    step: Int[np.ndarray, " m"]


def warp(demonstration: Demonstration, observation: Float[np.ndarray, " 39"]) -> Plan:
    """The plan for a scene that looks like `observation`, once things have settled."""
    seen = demonstration.observations.astype(np.float64)
    actions = np.clip(demonstration.actions.astype(np.float64), -1.0, 1.0)
    hand, objects = seen[:, HAND], places(seen)
    by_object = places(observation) - objects[min(SETTLED, len(objects) - 1)]
    by_goal = observation[GOAL] - seen[0, GOAL]
    touched = contacts(seen)
    shift = _approach(
        seen, observation[HAND], touched[0].step if touched else None, by_object, by_goal
    )
    if touched:
        shift = _hand_over(shift, hand, touched, by_object)
        last = touched[-1]
        carried = _progress(objects[:, last.object], last.step)[:, None]
        final = (1 - carried) * by_object[last.object] + carried * by_goal
        shift[last.step :] = final[last.step :]
    expected = objects + by_object
    for contact in touched:
        expected[: max(contact.step, SETTLED), contact.object] = expected[
            max(contact.step - 1, SETTLED), contact.object
        ]
    if len(touched) == 1:
        only = touched[0]
        expected[only.step :, only.object] = (objects[:, only.object] + shift)[only.step :]
    target = hand[0] + np.vstack(
        [np.zeros(3), np.cumsum(actions[:, :3], axis=0) * TARGET_M_PER_ACTION]
    )
    return _retimed(hand + shift, target + shift, actions[:, 3], seen[:, OPENING], expected)


def _approach(
    seen: np.ndarray,
    begin: np.ndarray,
    touch: int | None,
    by_object: np.ndarray,
    by_goal: np.ndarray,
) -> Float[np.ndarray, "t 3"]:
    """From the displacement of the hand's start to that of what it goes to."""
    hand = seen[:, HAND]
    if touch is None:  # nothing moves: it goes to the thing, or the goal, near which it ends
        frames = [
            (np.linalg.norm(hand[-1] - place), shift)
            for place, shift, there in zip(
                places(seen[-1]), by_object, present(seen[0]), strict=True
            )
            if there
        ]
        frames.append((np.linalg.norm(hand[-1] - seen[0, GOAL]), by_goal))
        first = min(frames, key=lambda frame: frame[0])[1]
        touch = int((np.linalg.norm(hand - hand[-1], axis=1) < ARRIVED_M).argmax())
    else:
        first = by_object[contacts(seen)[0].object]
    touch = max(touch, 1)
    far = np.flatnonzero(np.linalg.norm(hand[: touch + 1] - hand[touch], axis=1) > ALIGNED_M)
    aligned = max(int(far[-1]) if len(far) else 1, 1)
    way = _way(hand)
    share = _smooth(way / max(way[aligned], 1e-6))[:, None]
    return (1 - share) * (begin - hand[0]) + share * first


def _hand_over(
    shift: np.ndarray, hand: np.ndarray, touched: list, by_object: np.ndarray
) -> np.ndarray:
    """Where a held thing goes to another, the other's displacement takes over before they meet."""
    way = _way(hand)
    for now, following in pairwise(touched):
        length = HANDED_OVER * max(way[following.step] - way[now.step], 1e-6)
        share = _smooth((way - way[now.step]) / length)[:, None]
        between = (1 - share) * by_object[now.object] + share * by_object[following.object]
        shift[now.step :] = between[now.step :]
    return shift


def _progress(path: np.ndarray, begin: int) -> Float[np.ndarray, " t"]:
    """How far an object is on its way from where it was touched to where it ends, 0 to 1."""
    whole = path[-1] - path[begin]
    share = (path - path[begin]) @ whole / max(whole @ whole, 1e-9)
    return np.maximum.accumulate(np.clip(share, 0.0, 1.0))


def _retimed(
    hand: np.ndarray,
    target: np.ndarray,
    grip: np.ndarray,
    opening: np.ndarray,
    expected: np.ndarray,
) -> Plan:
    """Steps that the target could not make in one are made in several."""
    longest = np.abs(np.diff(target, axis=0)).max(axis=1)
    repeats = np.maximum(np.ceil(longest / TARGET_M_PER_ACTION - 1e-3), 1).astype(int)
    step = np.repeat(np.arange(len(grip)), repeats)
    part = np.concatenate([np.arange(count) / count for count in repeats])[:, None]
    each = (1.0 / np.repeat(repeats, repeats))[:, None]
    return Plan(
        hand=(1 - part) * hand[step] + part * hand[step + 1],
        target=target[step] + (part + each) * (target[step + 1] - target[step]),
        grip=grip[step],
        opening=opening[step],
        expected=expected[step],
        step=step,
    )


def _way(hand: np.ndarray) -> Float[np.ndarray, " t"]:
    """Length of the hand's way until each step."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(hand, axis=0), axis=1))])


def _smooth(share: np.ndarray) -> np.ndarray:
    """0 to 1 without a kink at either end."""
    share = np.clip(share, 0.0, 1.0)
    return share * share * (3 - 2 * share)
