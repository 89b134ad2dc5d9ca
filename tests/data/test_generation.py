"""Generating a set: the same bytes whatever happens on the way, and nothing finished is lost."""

import errno
import json
import os
import signal
import subprocess
import sys
import types
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from nsca.data import generation, shard
from nsca.data.babbling_store import sha256_of
from nsca.data.generation import Progress, generate
from nsca.data.generation_plan import GenerationPlan
from nsca.errors import UserError
from nsca.worlds.tabletop.kinds import KINDS


def quiet(progress: Progress) -> None:
    pass


def checksums(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root)): sha256_of(p) for p in sorted(root.rglob("*.parquet"))}


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
        patch.setattr(generation, "make_shard", counting)
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


def test_another_configuration_is_refused_with_the_difference(
    babbling_set: Path, plan: GenerationPlan
) -> None:
    before = checksums(babbling_set)
    with pytest.raises(UserError, match="seed: 3 -> 4") as failure:
        generate(replace(plan, seed=4), babbling_set, 0, quiet)
    assert "interactions:" not in failure.value.cause
    assert "path=" in failure.value.remedy
    assert checksums(babbling_set) == before


def test_a_set_begun_by_another_world_is_not_continued(
    babbling_set: Path, plan: GenerationPlan, synthetic_world: types.ModuleType
) -> None:
    manifest = babbling_set / "manifest.json"
    world = json.loads(manifest.read_text())["versions"]["world"]
    manifest.write_text(manifest.read_text().replace(world, "another"))
    generate(plan, babbling_set, 0, quiet)  # complete: there is nothing to continue
    (babbling_set / "observations" / "val-00000.parquet").unlink()
    with pytest.raises(UserError, match=f"world another -> {world}"):
        generate(plan, babbling_set, 0, quiet)


def test_a_killed_worker_is_reported_and_what_is_finished_is_kept(
    tmp_path: Path,
    plan: GenerationPlan,
    synthetic_world: types.ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from concurrent.futures.process import BrokenProcessPool

    class DyingPool:
        """Finishes one shard, then breaks as a real pool does."""

        def __init__(self, *arguments: object) -> None:
            self.submitted = 0

        def __enter__(self) -> "DyingPool":
            return self

        def __exit__(self, *arguments: object) -> None:
            pass

        def submit(self, function, *arguments) -> Future:
            self.submitted += 1
            future: Future = Future()
            if self.submitted == 1:
                future.set_result(function(*arguments))
            else:
                future.set_exception(BrokenProcessPool("a process died"))
            return future

    with monkeypatch.context() as patch:
        patch.setattr(generation, "ProcessPoolExecutor", DyingPool)
        with pytest.raises(UserError, match="worker process died") as failure:
            generate(plan, tmp_path, 2, quiet)
        assert "workers=1" in failure.value.remedy
        assert len(json.loads((tmp_path / "manifest.json").read_text())["shards"]) == 1
        assert generate(plan, tmp_path, 0, quiet)["status"] == "complete"


def test_workers_end_with_a_parent_that_is_killed() -> None:
    script = (
        "import os, time; from concurrent.futures import ProcessPoolExecutor; "
        "from multiprocessing import get_context; from nsca.data.generation import _start_worker; "
        "pool = ProcessPoolExecutor(1, get_context('spawn'), _start_worker); "
        "print(pool.submit(os.getpid).result(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        process.kill()
        try:
            process.communicate(timeout=30)  # until nobody holds the other end, the worker neither
        except subprocess.TimeoutExpired:
            os.kill(worker, signal.SIGKILL)
            raise


def test_a_folder_with_other_things_in_it_is_left_alone(
    tmp_path: Path, plan: GenerationPlan, synthetic_world: types.ModuleType
) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"thesis\.tex"):
        generate(plan, tmp_path, 0, quiet)


def test_what_a_run_killed_before_its_manifest_left_is_cleared_away(
    tmp_path: Path, plan: GenerationPlan, synthetic_world: types.ModuleType
) -> None:
    generate(replace(plan, seed=8, interactions=100), tmp_path, 0, quiet)
    (tmp_path / "manifest.json").unlink()
    (tmp_path / ".manifest.json.tmp-77").write_text("{")
    notes = tmp_path / "observations" / "notes.txt"
    notes.write_text("mine")
    manifest = generate(plan, tmp_path, 0, quiet)
    listed = {f["path"]: f["sha256"] for s in manifest["shards"].values() for f in s["files"]}
    assert checksums(tmp_path) == listed
    assert not (tmp_path / ".manifest.json.tmp-77").exists()
    assert notes.exists()


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
