"""Recording: which episodes are kept, where they end, and that nothing but the settings matters."""

from pathlib import Path

import numpy as np
import pytest
from data.sets import checksums
from data.synthetic_demonstrations import stored

from nsca.data.demonstrating import (
    RecordingSettings,
    make_demonstration_set,
    record_demonstrations,
)
from nsca.data.demonstration_validation import demonstration_problems
from nsca.data.demonstrations import Demonstration, load_demonstrations
from nsca.data.volume import exclusive
from nsca.errors import UserError
from nsca.worlds.metaworld.env import MetaWorldEnvs
from nsca.worlds.metaworld.episode_seeds import episode_seeds
from nsca.worlds.metaworld.physics import AlteredPhysics

ARRAYS = ("observations", "actions", "rewards", "success")
BACKENDS = ("envpool", "metaworld")
SETTINGS = RecordingSettings("reach", count=2, seed=3)


def assert_same(found: list[Demonstration], wanted: list[Demonstration]) -> None:
    assert [each.seed for each in found] == [each.seed for each in wanted]
    for one, other in zip(found, wanted, strict=True):
        for name in ARRAYS:
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_demonstration_is_what_was_played_until_after_its_success(backend: str) -> None:
    (found, tried) = recording = record_demonstrations("push", 2, 0, backend=backend)
    assert tried == 2
    assert recording.success_rate == 1.0
    assert [each.seed for each in found] == episode_seeds("push-v3", "demonstrations", 0, 2)
    for each in found:
        assert each.task == "push-v3"
        assert len(each.actions) == each.first_success + 30
        assert list(each.problems()) == []
        envs = MetaWorldEnvs("push", 1, backend)  # a fresh one: nothing is left of other episodes
        seen = [envs.reset(seed=[each.seed])[0][0]]
        for action, reward, success in zip(each.actions, each.rewards, each.success, strict=True):
            observation, rewarded, _, _, info = envs.step(action[None])
            seen.append(observation[0])
            assert np.float32(rewarded[0]) == reward
            assert info["success"][0] == success
        np.testing.assert_array_equal(np.float32(seen), each.observations)
        envs.close()


def test_how_many_play_side_by_side_changes_nothing() -> None:
    """With so much noise that some fail: first successes in the order of episodes, both ways."""
    common = {"action_noise": 0.7, "max_steps": 120, "steps_after_success": 5}
    wide = record_demonstrations("push", 3, 1, **common)
    narrow = record_demonstrations("push", 3, 1, **common, side_by_side=1)
    assert wide.tried == narrow.tried > 3
    assert wide.success_rate == 3 / wide.tried
    assert_same(wide.demonstrations, narrow.demonstrations)
    fewer = record_demonstrations("push", 2, 1, **common)
    assert_same(fewer.demonstrations, wide.demonstrations[:2])
    tried = episode_seeds("push-v3", "demonstrations", 1, wide.tried)
    seeds = [each.seed for each in wide.demonstrations]
    assert seeds == [seed for seed in tried if seed in seeds]
    assert seeds[-1] == tried[-1]


def test_noise_and_seed_make_other_demonstrations() -> None:
    plain, noisy, other = (
        record_demonstrations("reach", 1, seed, action_noise=noise).demonstrations[0]
        for seed, noise in ((0, 0.0), (0, 0.4), (1, 0.0))
    )
    np.testing.assert_array_equal(plain.observations[0], noisy.observations[0])
    assert np.abs(plain.actions[0] - noisy.actions[0]).max() > 0.01
    assert np.abs(noisy.actions).max() <= 1
    assert np.abs(plain.observations[0] - other.observations[0]).max() > 0.01


def test_steps_after_success_end_with_the_episode() -> None:
    (found, _) = record_demonstrations("reach", 1, 0, steps_after_success=0)
    assert found[0].success.tolist() == [False] * (len(found[0].actions) - 1) + [True]
    end = found[0].first_success + 3
    (found, _) = record_demonstrations("reach", 1, 0, steps_after_success=30, max_steps=end)
    assert len(found[0].actions) == end


def test_altered_physics_is_played() -> None:
    plain, slippery = (
        record_demonstrations("push", 1, 0, physics=physics, backend="metaworld")[0][0]
        for physics in (None, AlteredPhysics(friction=0.8))
    )
    assert plain.seed == slippery.seed
    np.testing.assert_allclose(plain.observations[0], slippery.observations[0], atol=0.01)
    steps = min(len(plain.actions), len(slippery.actions))
    apart_m = np.abs(plain.observations[:steps, 4:7] - slippery.observations[:steps, 4:7])
    assert 1e-4 < apart_m.max() < 0.2


def test_an_expert_that_fails_too_often_is_an_error_with_its_rate() -> None:
    told = []
    with pytest.raises(UserError) as failure:
        record_demonstrations(
            "push", 1, 0, max_steps=8, report=lambda found, played: told.append((found, played))
        )
    assert "expert of push-v3 succeeded in 0 of 30 episodes (0%)" in failure.value.cause
    assert told[-1] == (0, 30)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"count": 0}, "count is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"action_noise": -0.5}, "action_noise is -0.5"),
        ({"action_noise": float("nan")}, "action_noise is nan"),
        ({"steps_after_success": -1}, "steps_after_success is -1"),
        ({"task": "pushh"}, "no task 'pushh'"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        record_demonstrations(**({"task": "push", "count": 1, "seed": 0} | wrong))
    with pytest.raises(UserError, match="mass must be above 0"):
        RecordingSettings("push", mass=0.0).configuration()


def test_a_set_is_recorded_once_and_then_kept(tmp_path: Path) -> None:
    manifest, made = make_demonstration_set(SETTINGS, tmp_path / "set")
    assert made
    assert manifest["configuration"]["task"] == "reach-v3"
    assert manifest["configuration"]["backend"] == "envpool"  # what "auto" stood for
    assert list(demonstration_problems(tmp_path / "set")) == []
    before = (tmp_path / "set/demonstrations.parquet").stat().st_mtime_ns
    assert make_demonstration_set(SETTINGS, tmp_path / "set") == (manifest, False)
    assert (tmp_path / "set/demonstrations.parquet").stat().st_mtime_ns == before
    make_demonstration_set(SETTINGS, tmp_path / "again")
    assert checksums(tmp_path / "again") == checksums(tmp_path / "set")


@pytest.mark.parametrize("damage", ["changed", "missing", "unfinished"])
def test_a_damaged_or_unfinished_set_is_recorded_again(tmp_path: Path, damage: str) -> None:
    wanted, _ = make_demonstration_set(SETTINGS, tmp_path)
    if damage == "changed":
        (tmp_path / "demonstrations.parquet").write_bytes(b"PAR1")
    elif damage == "missing":
        (tmp_path / "demonstrations.parquet").unlink()
    else:
        (tmp_path / "manifest.json").unlink()
        (tmp_path / ".demonstrations.parquet.tmp-77").write_bytes(b"half")
    assert make_demonstration_set(SETTINGS, tmp_path) == (wanted, True)
    assert len(load_demonstrations(tmp_path)) == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "README.md",
        "demonstrations.parquet",
        "manifest.json",
        "run.lock",
    ]


def test_other_settings_and_other_things_are_refused(tmp_path: Path) -> None:
    stored(tmp_path / "set")
    wanted = RecordingSettings("push", 4, 5, mass=2.0, steps_after_success=2)
    with pytest.raises(UserError, match=r"count: 3 -> 4, mass: 1\.0 -> 2\.0") as failure:
        make_demonstration_set(wanted, tmp_path / "set")
    assert "--path" in failure.value.remedy
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"not a set of demonstrations \(found cat.png\)"):
        make_demonstration_set(SETTINGS, tmp_path / "photos")
    assert [file.name for file in (tmp_path / "photos").iterdir()] == ["cat.png"]
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is not a folder") as failure:
        make_demonstration_set(SETTINGS, tmp_path / "file")
    assert "--path" in failure.value.remedy


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    with exclusive(tmp_path), pytest.raises(UserError, match="another process") as failure:
        make_demonstration_set(SETTINGS, tmp_path)
    assert "--path" in failure.value.remedy
