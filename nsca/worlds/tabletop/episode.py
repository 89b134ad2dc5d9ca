"""Episodes of random constrained interaction: a pure function of (seed, episode, object set)."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.random import Generator

from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.arena import Arena, FrameRenderer
from nsca.worlds.tabletop.interaction import (
    MAX_OBJECTS,
    NATURAL_SPAWN,
    PARAMETER_RANGES,
    PRIMITIVES,
    EpisodeRecord,
    ObjectRecord,
    ObjectSet,
)
from nsca.worlds.tabletop.kinds import Kind, ObjectInstance, draw_instance, kinds_of

SpawnChoice = Literal["natural", "holding", "near", "touching", "free"]


def run_episode(
    seed: int,
    episode: int,
    object_set: ObjectSet,
    interactions: int = 10,
    render: bool = True,
    renderer: FrameRenderer | None = None,
    *,
    spawn: SpawnChoice = "natural",
    kinds: Sequence[Kind] | None = None,
    n_objects: int | None = None,
    gravity: float = 1.0,
) -> EpisodeRecord:
    """Play one episode.

    Args:
        seed, episode: with the object set, all that the result depends on.
        object_set: "A" for training, "B" for the novel kinds.
        interactions: how many, each with a random target, primitive and parameters.
        render: whether frames are drawn.
        renderer: draws them; a fresh `FastRenderer` if None (90 ms: share one).
        spawn: "natural" pairs each primitive with the start in which something can happen.
        kinds: draw objects from these instead of the whole set.
        n_objects: 1 to 3; random if None.
        gravity: a factor on Earth's.

    Returns:
        The record; `unstable` if MuJoCo warned or a state was not finite (drop and count it).
    """
    rng = np.random.default_rng(np.random.SeedSequence((seed, episode)))
    objects = draw_objects(object_set, f"{object_set}-{seed}-{episode}", rng, kinds, n_objects)
    owned = None
    if render and renderer is None:
        owned = renderer = make_renderer()
    arena = Arena(objects, draw_look(rng), renderer if render else None, gravity)
    played = []
    for _ in range(interactions):
        target = int(rng.integers(len(objects)))
        primitive = PRIMITIVES[int(rng.integers(len(PRIMITIVES)))]
        start = NATURAL_SPAWN[primitive] if spawn == "natural" else spawn
        played.append(arena.interact(primitive, draw_parameters(rng), start, target, rng))
        if arena.unstable:
            break
    if owned is not None:
        owned.close()
    return EpisodeRecord(
        interactions=played,
        objects=[record_of(instance) for instance in objects],
        warnings=arena.warnings,
        unstable=arena.unstable,
        seconds=arena.seconds,
    )


def draw_objects(
    object_set: ObjectSet,
    prefix: str,
    rng: Generator,
    kinds: Sequence[Kind] | None = None,
    n_objects: int | None = None,
) -> list[ObjectInstance]:
    """One to three instances of independently drawn kinds."""
    choice = tuple(kinds) if kinds is not None else kinds_of(object_set)
    count = int(rng.integers(1, MAX_OBJECTS + 1)) if n_objects is None else n_objects
    return [
        draw_instance(choice[int(rng.integers(len(choice)))], f"{prefix}-{index}", rng)
        for index in range(count)
    ]


def draw_parameters(rng: Generator) -> dict[str, float]:
    """Uniform in `PARAMETER_RANGES`."""
    return {name: float(rng.uniform(*limits)) for name, limits in PARAMETER_RANGES.items()}


def record_of(instance: ObjectInstance) -> ObjectRecord:
    """What is written down about an object."""
    return ObjectRecord(
        instance_id=instance.instance_id,
        kind=instance.kind.name,
        visible=instance.visible(),
        hidden=instance.hidden(),
    )


def make_renderer():
    """A renderer for every model of this world.

    Raises:
        UserError: no GL backend can draw here.
    """
    from nsca.worlds.gl import require_backend
    from nsca.worlds.rendering import FastRenderer
    from nsca.worlds.tabletop.interaction import IMAGE_SIZE
    from nsca.worlds.tabletop.scene import reference_model

    require_backend()  # where MUJOCO_GL is not set, MuJoCo's own choice asks for a screen
    return FastRenderer(reference_model(), IMAGE_SIZE, IMAGE_SIZE)
