"""A shard: the same bytes from the same plan, what it reports, and what it leaves behind."""

import errno
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from data.sets import generate

from nsca.data import shard as shard_module
from nsca.data.babbling import Babbling
from nsca.data.babbling_store import sha256_of
from nsca.data.generation_plan import GenerationPlan, Shard
from nsca.data.privileged import hidden_properties
from nsca.data.shard import ShardResult, make_shard
from nsca.data.validation import babbling_problems

TRAIN = Shard("train", 1, first_episode=10, episodes=3)  # 10, 11 and 12, which is unstable
TEST = Shard("test", 0, first_episode=20_000_000, episodes=2)


def checksums(result: ShardResult) -> list[str]:
    return [file["sha256"] for file in result.files]


def rows_of(root: Path, table: str, shard: Shard) -> list[dict]:
    return pq.read_table(root / table / f"{shard.name}.parquet").to_pylist()


def test_the_same_plan_gives_the_same_bytes_and_another_seed_does_not(
    tmp_path: Path, plan: GenerationPlan, synthetic_world: types.ModuleType
) -> None:
    first = make_shard(plan, str(tmp_path / "first"), TRAIN)
    make_shard(plan, str(tmp_path / "second"), TEST)  # what was made before does not matter
    again = make_shard(plan, str(tmp_path / "second"), TRAIN)
    assert again.files == first.files
    other = make_shard(replace(plan, seed=4), str(tmp_path / "other"), TRAIN)
    assert not set(checksums(other)) & set(checksums(first))


def test_it_reports_what_it_wrote(
    tmp_path: Path, plan: GenerationPlan, synthetic_world: types.ModuleType
) -> None:
    result = make_shard(plan, str(tmp_path), TRAIN)
    assert result.name == "train-00001"
    assert (result.episodes, result.interactions, result.unstable_episodes) == (2, 4, 1)
    paths = [f"{table}/train-00001.parquet" for table in ("observations", "labels", "privileged")]
    assert [file["path"] for file in result.files] == paths
    assert [file["rows"] for file in result.files] == [4, 2, 2]
    assert [sha256_of(tmp_path / path) for path in paths] == checksums(result)
    rows = rows_of(tmp_path, "observations", TRAIN)
    assert [row["episode"] for row in rows] == [10, 10, 11, 11]
    names = [row["primitive"] for row in rows]
    assert result.primitives == {name: names.count(name) for name in sorted(set(names))}
    assert result.events == {"impulse": 4}
    assert sum(result.kinds.values()) == 2
    # the time of the episode that was dropped was spent as well
    assert result.seconds["physics"] == pytest.approx(3 * 0.002)
    assert result.seconds["write"] > 0
    assert result.peak_memory_mb > 1


def test_the_test_split_is_made_of_the_other_object_set(
    tmp_path: Path, plan: GenerationPlan, synthetic_world: types.ModuleType
) -> None:
    make_shard(plan, str(tmp_path), TEST)
    make_shard(plan, str(tmp_path), TRAIN)
    assert {row["object_set"] for row in rows_of(tmp_path, "observations", TEST)} == {"B"}
    assert {row["object_set"] for row in rows_of(tmp_path, "observations", TRAIN)} == {"A"}
    kinds = {row["kind"] for row in rows_of(tmp_path, "labels", TEST)}
    assert not kinds & {row["kind"] for row in rows_of(tmp_path, "labels", TRAIN)}


def test_without_pictures_no_renderer_is_made_and_the_rest_is_the_same(
    tmp_path: Path,
    plan: GenerationPlan,
    synthetic_world: types.ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_shard(plan, str(tmp_path / "seen"), TRAIN)

    def no_renderer() -> None:
        raise AssertionError("a renderer needs a GL backend")

    monkeypatch.setattr(shard_module, "_renderer", no_renderer)
    make_shard(replace(plan, render=False), str(tmp_path / "blind"), TRAIN)
    seen = rows_of(tmp_path / "seen", "observations", TRAIN)
    blind = rows_of(tmp_path / "blind", "observations", TRAIN)
    assert {row.pop("frames") for row in blind} == {None}
    assert all(len(row.pop("frames")) == 32 * 64 * 64 * 3 for row in seen)
    assert blind == seen


def test_a_full_disk_reaches_the_caller_and_leaves_no_half_file(
    tmp_path: Path,
    plan: GenerationPlan,
    synthetic_world: types.ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = pq.write_table

    def filling_up(table, path, **options):
        original(table, path, **options)
        if path.parent.name == "labels":
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", filling_up)
    with pytest.raises(OSError, match="No space left"):
        make_shard(plan, str(tmp_path), TRAIN)
    left = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert left == ["observations/train-00001.parquet"]


def test_a_number_that_is_not_finite_is_never_written(
    tmp_path: Path,
    plan: GenerationPlan,
    synthetic_world: types.ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = synthetic_world.run_episode

    def exploding(*arguments, **named):
        record = original(*arguments, **named)
        record.interactions[-1].touch[5, 2] = np.nan
        return record

    monkeypatch.setattr(synthetic_world, "run_episode", exploding)
    with pytest.raises(ValueError, match="touch holds a number that is not finite"):
        make_shard(plan, str(tmp_path), TRAIN)
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_shard_of_unstable_episodes_alone_does_not_disturb_the_set(
    tmp_path: Path,
    plan: GenerationPlan,
    synthetic_world: types.ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nsca.data.generation_plan.EPISODES_PER_SHARD", 12)
    manifest = generate(plan, tmp_path, 0, lambda _: None)
    empty = manifest["shards"]["train-00001"]  # episode 12
    assert (empty["episodes"], empty["unstable_episodes"]) == (0, 1)
    assert [file["rows"] for file in empty["files"]] == [0, 0, 0]
    assert list(babbling_problems(tmp_path)) == []
    source = Babbling(str(tmp_path), stride=8)
    assert len(source.frames("train")) == 12 * 2 * 4
    assert len(source.probe_labels("train")["shape"].values) == 12 * 2 * 4
    assert len(hidden_properties(tmp_path, "train")) == 12
