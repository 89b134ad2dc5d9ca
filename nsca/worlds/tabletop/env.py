"""The tabletop as a gymnasium environment: one step is one whole interaction of 1.6 s.

It has no reward of its own: what is worth doing is for the agent (curiosity) to decide. Neither
observations nor info carry kinds, labels or hidden properties; the utterance names the colour and
shape that can be seen.
"""

from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces

from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.arena import Arena
from nsca.worlds.tabletop.episode import SpawnChoice, draw_objects, make_renderer
from nsca.worlds.tabletop.interaction import (
    ACTION_NAMES,
    AUDIO_SAMPLES,
    FRAMES,
    FRAMES_PER_S,
    IMAGE_SIZE,
    MAX_OBJECTS,
    NATURAL_SPAWN,
    PARAMETER_RANGES,
    PRIMITIVES,
    PROPRIOCEPTION_NAMES,
    STATE_WIDTH,
    TOUCH_NAMES,
    Interaction,
    ObjectSet,
)

LARGEST = 1e4  # of any measured quantity in SI units


class TabletopWorld(gymnasium.Env):
    """Act with a primitive, see, hear and feel what happens.

    Action: `primitive` (index into PRIMITIVES), `target` (object index, taken modulo the number of
    objects), `parameters` (direction, speed, height, force, each from -1 to 1 over its range).
    Observation: `frames`, `audio`, `touch`, `proprioception`, `action` (joint targets),
    `object_state` (zero-padded to three objects), as in `Interaction`; after `reset` a still
    picture.
    Info: `n_objects`; after a step also `utterance`, `events`, `first_contact_frame`, `spawn` and
    `unstable`.

    Args:
        object_set: "A" or "B"; `reset(options={"object_set": ...})` changes it for one episode.
        spawn: "natural" pairs each primitive with a start in which something can happen.
        max_interactions: after that many the episode is truncated.
        state_only: leave `frames` out and need no GL.
        render_mode: None or "rgb_array" (the last frame).
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": FRAMES_PER_S}  # noqa: RUF012

    def __init__(
        self,
        object_set: ObjectSet = "A",
        spawn: SpawnChoice = "natural",
        max_interactions: int = 10,
        state_only: bool = False,
        render_mode: Literal["rgb_array"] | None = None,
    ) -> None:
        if state_only and render_mode is not None:
            raise ValueError("a state-only world draws no pictures: leave render_mode out")
        self.render_mode = render_mode
        self._object_set: ObjectSet = object_set
        self._spawn = spawn
        self._max_interactions = max_interactions
        self._renderer = None if state_only else make_renderer()
        self._arena: Arena | None = None
        self._played = 0
        self._last_frame = np.zeros((IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
        self.action_space = spaces.Dict(
            {
                "primitive": spaces.Discrete(len(PRIMITIVES)),
                "target": spaces.Discrete(MAX_OBJECTS),
                "parameters": spaces.Box(-1.0, 1.0, (len(PARAMETER_RANGES),), np.float32),
            }
        )
        seen: dict[str, spaces.Space] = {
            "audio": spaces.Box(-1.0, 1.0, (AUDIO_SAMPLES,), np.float32),
            "touch": _measured(FRAMES, len(TOUCH_NAMES)),
            "proprioception": _measured(FRAMES, len(PROPRIOCEPTION_NAMES)),
            "action": _measured(FRAMES, len(ACTION_NAMES)),
            "object_state": _measured(FRAMES, MAX_OBJECTS, STATE_WIDTH),
        }
        if not state_only:
            seen["frames"] = spaces.Box(0, 255, (FRAMES, IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
        self.observation_space = spaces.Dict(seen)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """A new scene with new objects."""
        super().reset(seed=seed)
        object_set = (options or {}).get("object_set", self._object_set)
        if object_set not in ("A", "B"):
            raise ValueError(f"object_set must be 'A' or 'B', not {object_set!r}")
        self._rng = np.random.default_rng(int(self.np_random.integers(2**62)))
        objects = draw_objects(object_set, "env", self._rng)
        self._arena = Arena(objects, draw_look(self._rng), self._renderer)
        self._played = 0
        still = self._arena.still(self._rng)
        return self._observe(still), {"n_objects": len(objects)}

    def step(
        self, action: dict[str, Any]
    ) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        """One interaction.

        Raises:
            RuntimeError: before the first `reset`.
        """
        if self._arena is None:
            raise RuntimeError("call reset before step")
        primitive = PRIMITIVES[int(action["primitive"])]
        spawn = NATURAL_SPAWN[primitive] if self._spawn == "natural" else self._spawn
        target = int(action["target"]) % len(self._arena.scene.objects)
        parameters = {
            name: low + (high - low) * (float(np.clip(value, -1.0, 1.0)) + 1.0) / 2.0
            for (name, (low, high)), value in zip(
                PARAMETER_RANGES.items(), action["parameters"], strict=True
            )
        }
        interaction = self._arena.interact(primitive, parameters, spawn, target, self._rng)
        self._played += 1
        truncated = self._played >= self._max_interactions or self._arena.unstable
        info = {
            "utterance": interaction.utterance,
            "events": [vars(event) for event in interaction.events],
            "first_contact_frame": interaction.first_contact_frame,
            "spawn": spawn,
            "n_objects": len(self._arena.scene.objects),
            "unstable": self._arena.unstable,
        }
        return self._observe(interaction), 0.0, False, truncated, info

    def render(self) -> np.ndarray | None:
        """The last frame, uint8 [64, 64, 3]; None without a render mode."""
        return self._last_frame.copy() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Free the GL context."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _observe(self, interaction: Interaction) -> dict[str, np.ndarray]:
        n_objects = interaction.object_state.shape[1]
        state = np.zeros((FRAMES, MAX_OBJECTS, STATE_WIDTH), np.float32)
        state[:, :n_objects] = interaction.object_state
        seen = {
            "audio": interaction.audio,
            "touch": interaction.touch,
            "proprioception": interaction.proprioception,
            "action": interaction.action,
            "object_state": state,
        }
        if interaction.frames is not None:
            seen["frames"] = interaction.frames
            self._last_frame = interaction.frames[-1]
        return seen


def _measured(*shape: int) -> spaces.Box:
    return spaces.Box(-LARGEST, LARGEST, shape, np.float32)
