"""A world that costs nothing: episodes with the right shapes, drawn from (seed, episode)."""

import shutil
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from data.numbered_recordings import record

from nsca.data.generation_plan import GenerationPlan
from nsca.worlds.tabletop.interaction import (
    ACTION_NAMES,
    AUDIO_SAMPLES,
    FRAMES,
    IMAGE_SIZE,
    PRIMITIVES,
    PROPRIOCEPTION_NAMES,
    TOUCH_NAMES,
    EpisodeRecord,
    Event,
    Interaction,
    ObjectRecord,
)
from nsca.worlds.tabletop.kinds import KINDS

_KINDS = {name: [k.name for k in KINDS if k.object_set == name] for name in "AB"}


def synthetic_episode(
    seed: int,
    episode: int,
    object_set: str,
    interactions: int,
    render: bool,
    renderer: object,
    n_objects: int | None = None,
    gravity: float = 1.0,
) -> EpisodeRecord:
    """Episode 12 is unstable; the colour fills the pictures, the size scales the sound."""
    rng = np.random.default_rng([seed, episode])
    red, green, blue, size_m = rng.uniform(0.05, 1.0, 4)
    shape = ("box", "sphere", "tee")[episode % 3]
    thing = ObjectRecord(
        instance_id=f"{object_set}-{episode}-0",
        kind=_KINDS[object_set][episode % 5],
        visible={
            "shape": shape,
            "visible_material": ("wood", "plain")[episode % 2],
            "size_m": size_m,
            "colour_r": red,
            "colour_g": green,
            "colour_b": blue,
        },
        hidden={"hardness": float(rng.random()), "break_impulse_n_s": float("inf")},
    )
    return EpisodeRecord(
        interactions=[_interaction(rng, thing, render) for _ in range(interactions)],
        objects=[thing],
        unstable=episode == 12,
        seconds={"physics": 0.002, "render": 0.001, "sound": 0.001},
    )


def _interaction(rng: np.random.Generator, thing: ObjectRecord, render: bool) -> Interaction:
    colour = np.array([thing.visible[f"colour_{c}"] for c in "rgb"]) * 255
    frames = np.broadcast_to(colour.astype(np.uint8), (FRAMES, IMAGE_SIZE, IMAGE_SIZE, 3)).copy()
    frames[:, 0, 0, 0] = np.arange(FRAMES)  # the frame's own number
    state = np.zeros((FRAMES, 1, 13), np.float32)
    state[..., 0] = np.linspace(0, 0.1, FRAMES)[:, None]
    state[..., 3], state[..., 6] = np.cos(0.3), np.sin(0.3)  # turned by 0.6 rad about z
    audio = np.zeros(AUDIO_SAMPLES, np.float32)
    audio[8000:12000] = 0.5 * thing.visible["size_m"] * np.sin(np.arange(4000) / 5)
    return Interaction(
        primitive=PRIMITIVES[int(rng.integers(len(PRIMITIVES)))],
        parameters={"direction_rad": 0.1, "speed_m_s": 0.5, "height_m": 0.1, "force_n": 10.0},
        spawn="near",
        target=0,
        frames=frames if render else None,
        audio=audio,
        touch=rng.random((FRAMES, len(TOUCH_NAMES)), np.float32),
        proprioception=rng.random((FRAMES, len(PROPRIOCEPTION_NAMES)), np.float32),
        action=rng.random((FRAMES, len(ACTION_NAMES)), np.float32),
        object_state=state,
        events=[Event(0.5, "impulse", "hand", "object0", 0.1)],
        utterance="it moved",
        first_contact_frame=10,
    )


def install_synthetic_world(patch: pytest.MonkeyPatch) -> types.ModuleType:
    """Replaces the tabletop world for generation in this process (workers=0)."""
    episode = types.ModuleType("nsca.worlds.tabletop.episode")
    episode.run_episode = synthetic_episode
    patch.setitem(sys.modules, "nsca.worlds.tabletop.episode", episode)
    patch.setattr("nsca.data.shard._renderer", lambda: None)
    return episode


@pytest.fixture
def synthetic_world(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The synthetic world, for one test."""
    return install_synthetic_world(monkeypatch)


def small_plan(**changes: object) -> GenerationPlan:
    """25 episodes of 2: 13 train, 5 val, 7 test."""
    values: dict = {
        "seed": 3,
        "interactions": 50,
        "interactions_per_episode": 2,
        "fractions": {"train": 0.52, "val": 0.2, "test": 0.28},
        "render": True,
    }
    return GenerationPlan(**{**values, **changes})


@pytest.fixture
def plan() -> GenerationPlan:
    return small_plan()


@pytest.fixture(scope="session")
def pristine_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small complete set, made once; tests take copies."""
    from data.sets import generate

    path = tmp_path_factory.mktemp("pristine") / "set"
    with pytest.MonkeyPatch.context() as patch:
        install_synthetic_world(patch)
        generate(small_plan(), path, 0, lambda _: None)
    return path


@pytest.fixture
def babbling_set(tmp_path: Path, pristine_set: Path) -> Path:
    """A small complete set that a test may damage."""
    return Path(shutil.copytree(pristine_set, tmp_path / "set"))


@pytest.fixture
def recordings(tmp_path) -> Path:
    """Four samples of two classes to train on (one without picture, one without sound), two val."""
    root = tmp_path / "recordings"
    record(root / "train" / "cup", 1)
    record(root / "train" / "cup", 2, "ap")
    record(root / "train" / "ball", 1, "ip")
    record(root / "train" / "ball", 10)
    record(root / "val" / "cup", 1)
    record(root / "val" / "ball", 1)
    return root
