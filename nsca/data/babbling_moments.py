"""Moments of babbling: pictures, what was just heard, body and touch, commands, and where things
are, at the same instants.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Int16, UInt8

from nsca.data.moments import Heard, InMemory, Moments, Stored, audible
from nsca.worlds.tabletop.interaction import (
    ACTION_NAMES,
    AUDIO_RATE_HZ,
    FRAMES,
    FRAMES_PER_S,
    HAND_JOINTS,
    PROPRIOCEPTION_NAMES,
    STATE_WIDTH,
    TOUCH_NAMES,
)

STREAM_COLUMNS = {
    "action": len(ACTION_NAMES),
    "proprioception": len(PROPRIOCEPTION_NAMES),
    "touch": len(TOUCH_NAMES),
}
PHYSICAL = (
    *(f"target_{axis}_m" for axis in "xyz"),
    *(f"target_v{axis}_m_s" for axis in "xyz"),
    *(f"hand_{axis}_m" for axis in "xyz"),
    *(f"hand_v{axis}_m_s" for axis in "xyz"),
    "hand_opening_m",
)
"""Where the target and the hand are and how they move, and how far a finger is from the middle of
the hand: a moment's physical state."""
_TARGET = [0, 1, 2, 7, 8, 9]  # position and linear velocity in an object's state
_HAND = [0, 1, 2, *(len(HAND_JOINTS) + axis for axis in range(3))]  # in proprioception
_FINGERS = [HAND_JOINTS.index("left"), HAND_JOINTS.index("right")]
HEARD_SAMPLES = AUDIO_RATE_HZ * 4 // 5  # what a moment still hears: 0.8 s


def read_streams(
    rows: int, shards: Iterable[pa.Table]
) -> dict[str, Float32[np.ndarray, "clip 32 number"]]:
    """Return action, proprioception, touch and `PHYSICAL` of every frame.

    Args:
        rows: interactions in all shards.
        shards: with `STREAM_COLUMNS`, object_state and target.
    """
    found = {
        name: np.empty((rows, FRAMES, width), np.float32) for name, width in STREAM_COLUMNS.items()
    }
    physical = np.empty((rows, FRAMES, len(PHYSICAL)), np.float32)
    at = 0
    for shard in shards:
        for name, width in STREAM_COLUMNS.items():
            flat = shard[name].combine_chunks().flatten().to_numpy()
            found[name][at : at + len(shard)] = flat.reshape(-1, FRAMES, width)
        states = zip(shard["object_state"], shard["target"].to_pylist(), strict=True)
        for place, (state, target) in enumerate(states, start=at):
            objects = state.values.to_numpy().reshape(FRAMES, -1, STATE_WIDTH)
            physical[place, :, : len(_TARGET)] = objects[:, target][:, _TARGET]
        at += len(shard)
    body = found["proprioception"]
    physical[..., len(_TARGET) : -1] = body[..., _HAND]
    physical[..., -1] = body[..., _FINGERS].mean(axis=-1)
    return {**found, "physical": physical}


def moments_of(
    images: UInt8[np.ndarray, "clip moment size size 3"] | None,
    sounds: Int16[np.ndarray, "clip time"],
    streams: dict[str, Float32[np.ndarray, "clip 32 number"]],
    primitives: Sequence[str],
    stride: int,
) -> Moments:
    """Return every `stride`-th frame with all that belongs to it (see `Babbling.moments`).

    Args:
        images: of these frames alone; None where nothing was seen.
        sounds: whole ones.
        streams: of every frame, as `read_streams` gives them.
        primitives: what is done in each clip.
        stride: in frames.
    """
    taken = np.arange(0, FRAMES, stride)
    clips = len(sounds)
    clip = np.repeat(np.arange(clips), len(taken))
    until = np.tile(taken * (AUDIO_RATE_HZ // FRAMES_PER_S), clips)
    heard = Heard(sounds, clip, until, HEARD_SAMPLES)
    body = np.concatenate([streams["proprioception"], streams["touch"]], axis=2)[:, taken]
    told = []
    for start in taken:
        commands = streams["action"][:, start : start + stride]
        told.append(np.concatenate([commands.mean(axis=1), commands[:, -1]], axis=1))

    def flat(rows: np.ndarray) -> np.ndarray:
        return rows.reshape(len(clip), *rows.shape[2:])

    always = np.ones(len(clip), bool)
    stored: dict[str, Stored] = {"audio": heard, "proprioception": InMemory(flat(body))}
    present = {"audio": audible(heard), "proprioception": always}
    if images is not None:
        stored["vision"], present["vision"] = InMemory(flat(images)), always
    return Moments(
        clip=clip,
        belongs=clip,
        stored=stored,
        present=present,
        action=flat(np.stack(told, axis=1)),
        physical=flat(streams["physical"][:, taken]),
        interval_s=stride / FRAMES_PER_S,
        task=np.array(primitives)[clip],
    )
