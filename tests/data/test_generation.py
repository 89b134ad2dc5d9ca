"""Generating a set: the same bytes whatever happens on the way, and nothing finished is lost."""

import errno
import json
import types
from dataclasses import replace
from pathlib import Path

import pytest
from data.sets import checksums, generate, quiet

from nsca.data import generation_workers, shard
from nsca.data.generation_plan import GenerationPlan
from nsca.errors import UserError
from nsca.worlds.tabletop.kinds import KINDS


def test_a_set_is_complete_and_its_manifest_tells_the_truth(
    tmp_path: Path, plan: GenerationPlan, synthetic_world: types.ModuleType
) -> None:
    manifest = generate(plan, tmp_path, 0, quiet)
    assert manifest["status"] == "complete"
    assert manifest["totals"]["unstable_episodes"] == 1  # train's episode 12
    assert manifest["totals"]["interactions"] == 2 * (13 - 1 + 5 + 7)
    listed = {f["path"]: f["sha256"] for s in manifest["shards"].values() for f in s["files"]}
    assert listed == checksums(tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text())["totals"] == manifest["totals"]
    assert "24" in (tmp_path / "README.md").read_text()


def test_splits_share_neither_episode_nor_instance(babbling_set: Path) -> None:
    import pyarrow.parquet as pq

    seen: dict[str, set] = {}
    for split in ("train", "val", "test"):
        files = sorted((babbling_set / "labels").glob(f"{split}-*.parquet"))
        rows = [row for file in files for row in pq.read_table(file).to_pylist()]
        seen[split] = {row["instance_id"] for row in rows} | {row["episode"] for row in rows}
        kinds = {
            kind.name for kind in KINDS if kind.object_set == ("B" if split == "test" else "A")
        }
        assert {row["kind"] for row in rows} <= kinds
    assert not seen["train"] & (seen["val"] | seen["test"])
    assert not seen["val"] & seen["test"]


def test_a_stopped_run_continues_to_the_same_bytes(
    tmp_path: Path, plan: GenerationPlan, synthetic_world: types.ModuleType
) -> None:
    whole = generate(plan, tmp_path / "whole", 0, quiet)
    reports: list[int] = []
    stopped = generate(
        plan,
        tmp_path / "cut",
        0,
        lambda p: reports.append(p.interactions_done),
        lambda: len(reports) > 2,
    )
    assert stopped["status"] == "partial"
    assert 0 < len(stopped["shards"]) < len(whole["shards"])
    (tmp_path / "cut/observations/.train-00001.parquet.tmp-99").write_bytes(b"half")
    made: list[str] = []
    original = shard.make_shard

    def counting(*arguments):
        made.append(arguments[2].name)
        return original(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generation_workers, "make_shard", counting)
        finished = generate(plan, tmp_path / "cut", 0, quiet)
    assert finished["status"] == "complete"
    assert not set(made) & set(stopped["shards"])
    assert checksums(tmp_path / "cut") == checksums(tmp_path / "whole")
    assert not list((tmp_path / "cut").rglob("*.tmp-*"))


@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing"])
def test_a_broken_shard_is_made_again_and_the_others_are_kept(
    babbling_set: Path, plan: GenerationPlan, synthetic_world: types.ModuleType, damage: str
) -> None:
    before = checksums(babbling_set)
    victim = babbling_set / "observations" / "val-00000.parquet"
    kept = babbling_set / "observations" / "train-00000.parquet"
    inode = kept.stat().st_ino
    content = victim.read_bytes()
    if damage == "missing":
        victim.unlink()
    elif damage == "truncated":
        victim.write_bytes(content[:-100])
    else:
        victim.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])
    generate(plan, babbling_set, 0, quiet)
    assert checksums(babbling_set) == before
    assert kept.stat().st_ino == inode


def test_a_second_writer_is_refused(babbling_set: Path, plan: GenerationPlan) -> None:
    from nsca.data.volume import exclusive

    with exclusive(babbling_set), pytest.raises(UserError, match="another process"):
        generate(plan, babbling_set, 0, quiet)


def test_a_full_disk_names_the_volume_and_loses_nothing(
    tmp_path: Path,
    plan: GenerationPlan,
    synthetic_world: types.ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = shard.store.write_parquet

    def filling_up(table, root, name):
        if name == "labels/train-00001.parquet":
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(table, root, name)

    monkeypatch.setattr(shard.store, "write_parquet", filling_up)
    with pytest.raises(UserError, match="is full") as failure:
        generate(plan, tmp_path, 0, quiet)
    assert "volume /" in failure.value.cause
    assert "again" in failure.value.remedy
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert sorted(manifest["shards"]) == ["test-00000", "train-00000", "val-00000"]
    monkeypatch.setattr(shard.store, "write_parquet", original)
    assert generate(plan, tmp_path, 0, quiet)["status"] == "complete"


def test_a_disk_too_small_is_seen_before_anything_is_made(
    tmp_path: Path, plan: GenerationPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = types.SimpleNamespace(total=10**9, used=10**9, free=10**6)
    monkeypatch.setattr("nsca.data.volume.shutil.disk_usage", lambda _: usage)
    with pytest.raises(UserError, match="needs about") as failure:
        generate(replace(plan, interactions=100_000), tmp_path, 0, quiet)
    assert " 1 MB" in failure.value.cause


def test_a_path_that_is_a_file_is_refused(tmp_path: Path, plan: GenerationPlan) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="not a folder"):
        generate(plan, tmp_path / "file", 0, quiet)


def test_without_pictures_a_set_is_made_all_the_same(
    tmp_path: Path, plan: GenerationPlan, synthetic_world: types.ModuleType
) -> None:
    manifest = generate(replace(plan, render=False), tmp_path, 0, quiet)
    assert manifest["status"] == "complete"
