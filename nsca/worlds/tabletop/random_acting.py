"""How rarely acting at random touches anything: the reason for forced interaction.

A random actor starts free and moves the hand's joint targets at random, blind to where things are.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.arena import Arena
from nsca.worlds.tabletop.episode import draw_objects, draw_parameters
from nsca.worlds.tabletop.hand import LOWEST_GRIP_M, OPENING_M
from nsca.worlds.tabletop.interaction import ObjectSet
from nsca.worlds.tabletop.primitives import Motion, Parameters, View

HOLD_CONTROLS = 8  # a new random target every 0.1 s
STEP_M = 0.04
CEILING_M = 0.25
EDGE_M = 0.15


def random_motion(rng: Generator) -> Callable[[View, Parameters], Motion]:
    """A controller that wanders: a bounded random walk of the joint targets."""

    def wander(view: View, parameters: Parameters) -> Motion:
        del parameters
        x, y, z, yaw, _, _ = view.hand
        while True:
            x = float(np.clip(x + rng.uniform(-STEP_M, STEP_M), -EDGE_M, EDGE_M))
            y = float(np.clip(y + rng.uniform(-STEP_M, STEP_M), -EDGE_M, EDGE_M))
            z = float(np.clip(z + rng.uniform(-STEP_M, STEP_M), LOWEST_GRIP_M, CEILING_M))
            yaw = float(np.clip(yaw + rng.uniform(-0.3, 0.3), -1.6, 1.6))
            fingers = float(rng.uniform(0.0, OPENING_M))
            for _ in range(HOLD_CONTROLS):
                yield x, y, z, yaw, fingers, fingers

    return wander


def touch_rate(seed: int, interactions: int, object_set: ObjectSet = "A") -> dict[str, float]:
    """Shares of free random interactions in which the hand touches any object, or moves one.

    Returns:
        `touched`, `moved` (any object by more than 1 cm): shares of `interactions`, from 0 to 1.
    """
    touched = moved = 0
    for index in range(interactions):
        rng = np.random.default_rng(np.random.SeedSequence((seed, index)))
        objects = draw_objects(object_set, "free", rng)
        arena = Arena(objects, draw_look(rng))
        played = arena.interact(
            "reach", draw_parameters(rng), "free", 0, rng, motion=random_motion(rng)
        )
        touched += any(event.a == "hand" and event.b != "table" for event in played.events)
        way_m = np.linalg.norm(
            played.object_state[-1, :, :2] - played.object_state[0, :, :2], axis=1
        )
        moved += bool((way_m > 0.01).any())
    return {"touched": touched / interactions, "moved": moved / interactions}
