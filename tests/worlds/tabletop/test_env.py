"""The gymnasium environment passes gymnasium's own checker and shows nothing privileged."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from nsca.errors import UserError
from nsca.worlds.gl import GlProbe
from nsca.worlds.tabletop.env import TabletopWorld
from nsca.worlds.tabletop.interaction import PRIMITIVES
from nsca.worlds.tabletop.kinds import KINDS, draw_instance


@pytest.fixture
def world():
    with TabletopWorld(state_only=True) as made:
        yield made


def act(primitive: str, target: int = 0) -> dict:
    return {
        "primitive": PRIMITIVES.index(primitive),
        "target": target,
        "parameters": np.zeros(4, np.float32),
    }


def test_the_checker_finds_nothing_to_warn_of(world) -> None:
    check_env(world, skip_render_check=True)


def test_the_checker_passes_with_pictures(renderer) -> None:
    del renderer  # only to skip where nothing draws
    with TabletopWorld(render_mode="rgb_array") as drawn:
        check_env(drawn, skip_render_check=True)
        seen, _ = drawn.reset(seed=1)
        assert (seen["frames"] == seen["frames"][0]).all()
        assert drawn.render().shape == (64, 64, 3)
        seen, *_ = drawn.step(act("strike"))
        assert (seen["frames"][0] != seen["frames"][-1]).any()
        np.testing.assert_array_equal(drawn.render(), seen["frames"][-1])


def test_where_nothing_draws_the_packages_are_named(monkeypatch) -> None:
    monkeypatch.setattr("nsca.worlds.gl.probe", lambda: GlProbe(None, {"egl": "no driver"}))
    with pytest.raises(UserError, match="no driver") as failure:
        TabletopWorld()
    assert "libegl1" in failure.value.remedy


def test_a_seed_decides_everything(world) -> None:
    def play() -> list:
        seen = [world.reset(seed=4)[0]]
        seen += [world.step(act(primitive))[0] for primitive in ("push", "drop")]
        return seen

    for first, second in zip(play(), play(), strict=True):
        for name, stream in first.items():
            np.testing.assert_array_equal(stream, second[name])


def test_it_is_truncated_after_the_last_interaction() -> None:
    with TabletopWorld(state_only=True, max_interactions=2) as world:
        world.reset(seed=0)
        assert [world.step(act("reach"))[3] for _ in range(2)] == [False, True]


def test_info_and_observation_hold_nothing_hidden_or_visible_by_name(world) -> None:
    instance = draw_instance(KINDS[0], "x", np.random.default_rng(0))
    private = set(instance.hidden()) | set(instance.visible()) | {"kind", "kinds", "objects"}
    seen, info = world.reset(seed=0)
    assert not private & (set(seen) | set(info))
    seen, reward, terminated, _, info = world.step(act("strike", target=2))
    assert (reward, terminated) == (0.0, False)
    assert set(info) == {
        "utterance", "events", "first_contact_frame", "spawn", "n_objects", "unstable"
    }  # fmt: skip
    assert {key for event in info["events"] for key in event} <= {
        "time_s", "kind", "a", "b", "magnitude"
    }  # fmt: skip
    assert not private & set(seen)


def test_missing_objects_are_zero_padding(world) -> None:
    for seed in range(6):
        seen, info = world.reset(seed=seed)
        used = np.abs(seen["object_state"]).sum(axis=(0, 2)) > 0
        assert used.sum() == info["n_objects"]


def test_misuse_is_refused(world) -> None:
    with pytest.raises(RuntimeError, match="reset"):
        world.step(act("push"))
    with pytest.raises(ValueError, match="object_set"):
        world.reset(options={"object_set": "C"})
    with pytest.raises(ValueError, match="state-only"):
        TabletopWorld(state_only=True, render_mode="rgb_array")
