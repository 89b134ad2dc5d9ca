"""Ways to act that an agent may choose from: demonstrations carried over, as shown or varied.

A demonstration that only just worked fails a few millimetres away, and one that pushed a thing to
its goal may push another short of it. So the nearest demonstrations come with variations: shifted
as a whole, or reaching farther or less far once the thing is touched. None is written for a task.
Of a wider set of variations one succeeded in most scenes of eight hard tasks in which the
demonstration as shown did in half (experiments/LOG.md); which one, a demonstration does not say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from nsca.agents.contacts import contacts
from nsca.agents.warped_demonstrations import by_nearness, scene_distance_m
from nsca.agents.warping import Plan, warp
from nsca.data.demonstrations import Demonstration

NEAREST = 8  # demonstrations; farther ones cost time and are seldom better
VARIED = 2  # of them come with variations
DISTANCE_PRICE = 0.1  # metres of imagined error that a metre between two scenes costs
VARIATION_PRICE_M = 0.01  # what worked once, as it was, is trusted more than what never did


@dataclass(frozen=True)
class Variation:
    """How a plan departs from what was shown.

    shift_m: of hand and target, throughout. reach: of the target's way after the first touch, as a
    factor.
    """

    shift_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    reach: float = 1.0


AS_SHOWN = Variation()
VARIATIONS = (
    Variation(reach=1.12),
    Variation(reach=0.9),
    Variation((0.0, -0.007, 0.0)),
    Variation((0.0, 0.007, 0.0)),
    Variation((0.007, 0.0, 0.0)),
    Variation((-0.007, 0.0, 0.0)),
    Variation((0.0, 0.0, -0.007)),
)


@dataclass(frozen=True, eq=False)
class Proposal:
    """A plan and what it promises.

    identity: which demonstration and which variation. moved: index of the object that it moves
    last; None where it moves none. promise_m: where that one, or else the hand, is to end.
    price_m: what speaks against it before anything is imagined.
    """

    identity: tuple[int, int]
    plan: Plan
    moved: int | None
    promise_m: Float[np.ndarray, " 3"]
    price_m: float


def propose(
    demonstrations: Sequence[Demonstration], observation: Float[np.ndarray, " 39"]
) -> list[Proposal]:
    """Proposals for a settled scene, the nearest demonstration as shown first."""
    found = []
    for rank, shown in enumerate(by_nearness(demonstrations, observation)[:NEAREST]):
        number = next(i for i, one in enumerate(demonstrations) if one is shown)
        plan, touched = warp(shown, observation), contacts(shown.observations)
        moved = touched[-1].object if touched else None
        promise = plan.hand[-1] if moved is None else plan.expected[-1, moved]
        distance = DISTANCE_PRICE * scene_distance_m(shown, observation)
        begin = touched[0].step if touched else 0
        for which, variation in enumerate((AS_SHOWN, *(VARIATIONS if rank < VARIED else ()))):
            price = distance + (VARIATION_PRICE_M if which else 0.0)
            varied = vary(plan, variation, begin)
            found.append(Proposal((number, which), varied, moved, promise, price))
    return found


def vary(plan: Plan, variation: Variation, touch: int) -> Plan:
    """The plan, varied; `touch` is the demonstration's step of the first touch."""
    begin = min(int(np.searchsorted(plan.step, touch)), len(plan.step) - 1)
    shift = np.array(variation.shift_m)

    def moved(path: Float[np.ndarray, "m 3"]) -> Float[np.ndarray, "m 3"]:
        path = path + shift
        path[begin:] = path[begin] + variation.reach * (path[begin:] - path[begin])
        return path

    return replace(plan, hand=moved(plan.hand), target=moved(plan.target))
