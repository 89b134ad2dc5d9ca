"""Pictures of an agent at work, by an upright camera, in metaworld's own environments."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from nsca.benchmarks.success import Agent
from nsca.worlds.metaworld.backends import MetaworldBackend
from nsca.worlds.metaworld.env import MAX_STEPS
from nsca.worlds.metaworld.observation import STEP_S
from nsca.worlds.metaworld.physics import AlteredPhysics

PICTURE_EVERY = 8  # steps
FRAMES_PER_S = round(1 / (PICTURE_EVERY * STEP_S))  # in real time
STEPS_AFTER_SUCCESS = 24


def film(
    agent: Agent,
    task: str,
    seeds: Sequence[int],
    physics: AlteredPhysics,
    size: int = 160,
    max_steps: int = MAX_STEPS,
) -> tuple[UInt8[np.ndarray, "frame size size 3"], list[bool]]:
    """The episodes of `seeds` one after the other, and whether each succeeded at any step.

    Needs a GL backend (`nsca.worlds.gl.require_backend`). Objects may lie millimetres from where
    EnvPool's episodes of these seeds have them.
    """
    from nsca.worlds.metaworld.camera import UprightCamera

    backend = MetaworldBackend(task, 1, physics)
    environment = backend.environments[0]
    pictures, succeeded = [], []
    with UprightCamera(environment.model, size=size) as camera:
        for seed in seeds:
            observations = backend.reset([seed])
            agent.begin(observations)
            end, hit = max_steps, False
            step = 0
            while step < end:
                if step % PICTURE_EVERY == 0:
                    pictures.append(camera.picture(environment.data))
                actions = np.clip(agent.act(observations), -1.0, 1.0)
                observations, _, success = backend.step(actions)
                step += 1
                if success[0] and not hit:
                    hit, end = True, min(step + STEPS_AFTER_SUCCESS, max_steps)
            pictures.append(camera.picture(environment.data))
            succeeded.append(hit)
    backend.close()
    return np.stack(pictures), succeeded
