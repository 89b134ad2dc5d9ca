"""Scenes with one chosen object, without pictures unless asked for."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nsca.worlds import gl
from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.arena import Arena
from nsca.worlds.tabletop.interaction import NATURAL_SPAWN, Interaction
from nsca.worlds.tabletop.kinds import KINDS, ObjectInstance, draw_instance

Make = Callable[..., ObjectInstance]
Play = Callable[..., tuple[Arena, Interaction]]


@pytest.fixture(scope="session")
def make() -> Make:
    """An instance of the named kind with some of its properties overridden."""

    def make(kind: str, **properties: Any) -> ObjectInstance:
        found = next(each for each in KINDS if each.name == kind)
        return replace(draw_instance(found, "test", np.random.default_rng(5)), **properties)

    return make


@pytest.fixture(scope="session")
def play() -> Play:
    """One interaction with one object (or several; the first is the target)."""

    def play(
        primitive: str,
        *objects: ObjectInstance,
        spawn: str | None = None,
        seed: int = 0,
        **given: Any,
    ) -> tuple[Arena, Interaction]:
        rng = np.random.default_rng(seed)
        parameters = {"direction_rad": 0.4, "speed_m_s": 0.8, "height_m": 0.1, "force_n": 15.0}
        arena = Arena(objects, draw_look(rng))
        interaction = arena.interact(
            primitive, parameters | given, spawn or NATURAL_SPAWN[primitive], 0, rng
        )
        return arena, interaction

    return play


@pytest.fixture(scope="session")
def renderer() -> Iterator[Any]:
    """The shared renderer; skips where nothing can draw."""
    if gl.choose_backend().backend is None:
        pytest.skip("no GL backend draws here")
    from nsca.worlds.tabletop.episode import make_renderer

    made = make_renderer()
    yield made
    made.close()
