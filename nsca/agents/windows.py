"""Short pieces of demonstrations, as tensors: what the dynamics learn from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from nsca.agents.contacts import SETTLED
from nsca.agents.object_dynamics import Things
from nsca.agents.scene import SceneFacts
from nsca.data.batch import Batch
from nsca.data.demonstrations import Demonstration
from nsca.worlds.metaworld.observation import HAND, OPENING, STEP_S, places

LENGTH = 10  # steps that a window is predicted ahead: an eighth of a second
FINGERS = 3  # index of the gripper in an action


@dataclass(frozen=True)
class Windows(Batch):
    """n windows of t + 1 observations; speeds are backward differences, in m/s.

    hand_m, hand_speed_m_s, opening: [n, t + 1, ...] of the hand. closing: the command of each of
    the t steps. place_m: of both objects at all t + 1 times. speed_m_s: of both at first. there:
    which objects exist. things: how they rest and are touched. step: of the optimiser.
    """

    hand_m: Float[Tensor, "n t1 3"]
    hand_speed_m_s: Float[Tensor, "n t1 3"]
    opening: Float[Tensor, "n t1"]
    closing: Bool[Tensor, "n t"]
    place_m: Float[Tensor, "n t1 2 3"]
    speed_m_s: Float[Tensor, "n 2 3"]
    there: Bool[Tensor, "n 2"]
    rest_m: Float[Tensor, "n 2 3"]
    by_object: Bool[Tensor, "n 2"]
    offset_m: Float[Tensor, "n 2 3"]
    radius_m: Float[Tensor, "n 2"]
    step: int = 0

    @property
    def things(self) -> Things:
        """What stays the same over a window."""
        return Things(self.rest_m, self.by_object, self.offset_m, self.radius_m)


def windows(demonstrations: Sequence[Demonstration], facts: SceneFacts) -> Windows:
    """Every window of every demonstration, from when things have settled.

    Args:
        demonstrations: of one task.
        facts: how its objects are touched, from the demonstrations that are learned from.

    Raises:
        ValueError: no demonstration is long enough for one window.
    """
    parts = [_pieces(shown) for shown in demonstrations]
    parts = [part for part in parts if part is not None]
    if not parts:
        raise ValueError(f"no demonstration has more than {SETTLED + LENGTH} steps")
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    count = len(columns["hand_m"])
    for name, value in (
        ("there", facts.there),
        ("by_object", facts.by_object),
        ("offset_m", facts.offset_m),
        ("radius_m", facts.radius_m),
    ):
        columns[name] = np.repeat(value[None], count, axis=0)
    tensors = {name: torch.from_numpy(value) for name, value in columns.items()}
    floats = {n: t.float() if t.is_floating_point() else t for n, t in tensors.items()}
    return Windows(step=0, **floats)


def _pieces(shown: Demonstration) -> dict[str, np.ndarray] | None:
    seen = shown.observations.astype(np.float64)
    starts = np.arange(SETTLED, len(shown.actions) - LENGTH + 1)
    if not len(starts):
        return None
    hand, things = seen[:, HAND], places(seen)
    times = starts[:, None] + np.arange(LENGTH + 1)
    return {
        "hand_m": hand[times],
        "hand_speed_m_s": _speed(hand)[times],
        "opening": seen[:, OPENING][times],
        "closing": shown.actions[:, FINGERS][times[:, :-1]] > 0,
        "place_m": things[times],
        "speed_m_s": _speed(things)[starts],
        "rest_m": np.repeat(things[SETTLED][None], len(starts), axis=0),
    }


def _speed(path: np.ndarray) -> np.ndarray:
    """Backward differences in m/s; zero at the first step."""
    return np.concatenate([np.zeros_like(path[:1]), np.diff(path, axis=0)]) / STEP_S
