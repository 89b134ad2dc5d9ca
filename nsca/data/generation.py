"""Generating a babbling data set: a plan of shards, worker processes, and a manifest that grows.

A shard is a fixed range of episodes and one worker's work, written atomically, so that the bytes
depend on the seed alone and not on how many workers there are. What is finished is in the manifest
with its checksum and is kept by a later call; everything else is made again.
"""

import json
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from nsca.data.babbling_store import read_manifest, sha256_of, write_text
from nsca.data.babbling_tables import SCHEMA_VERSION
from nsca.data.data_card import data_card
from nsca.data.generation_plan import GenerationPlan, Shard
from nsca.data.shard import ShardResult, make_shard
from nsca.data.volume import exclusive, friendly_disk_errors, require_space
from nsca.errors import UserError
from nsca.worlds.tabletop.appearance import MATERIALS
from nsca.worlds.tabletop.interaction import FRAMES
from nsca.worlds.tabletop.kinds import KINDS
from nsca.worlds.tabletop.shapes import SHAPES

BYTES_PER_INTERACTION = {True: 120_000, False: 30_000}  # generous; with and without pictures
_OWN_FILES = {
    "run.lock",
    "run.json",
    "config.yaml",
    "README.md",
    "observations",
    "labels",
    "privileged",
}


@dataclass
class Progress:
    """Where a generation stands, for whoever shows it."""

    interactions: int
    interactions_done: int = 0
    frames_per_s: float = 0.0
    unstable_episodes: int = 0
    kept_shards: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def generate(
    plan: GenerationPlan,
    root: Path,
    workers: int,
    report: Callable[[Progress], None],
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Makes what is missing of a set and returns its manifest.

    Args:
        plan: what to make.
        root: the set's folder.
        workers: processes; 0 works in this one.
        report: called after every shard.
        stop: asked after every shard; True ends the run after the shards in progress, leaving a
            manifest with status "partial" from which a later call continues.

    Raises:
        UserError: another set is there, it is in use, the disk is full or not writable, a worker
            died. What was finished stays, and is in the manifest.
    """
    with friendly_disk_errors(root), exclusive(root):
        manifest = _open_manifest(plan, root)
        _sweep(root)
        kept = _intact(root, manifest)
        manifest["shards"] = kept
        shards = plan.shards()
        todo = [shard for shard in shards if shard.name not in kept]
        episodes = sum(shard.episodes for shard in todo)
        size = BYTES_PER_INTERACTION[plan.render]
        require_space(root, episodes * plan.interactions_per_episode * size)
        progress = Progress(sum(s.episodes for s in shards) * plan.interactions_per_episode)
        progress.interactions_done = sum(s["interactions"] for s in kept.values())
        progress.kept_shards = len(kept)
        report(progress)
        began, saved, made = time.monotonic(), 0.0, 0
        try:
            for result in _results(plan, root, todo, workers, stop):
                kept[result.name] = asdict(result)
                made += result.interactions
                elapsed = time.monotonic() - began
                progress.interactions_done += result.interactions
                progress.unstable_episodes += result.unstable_episodes
                progress.frames_per_s = made * FRAMES / elapsed
                for part, spent in result.seconds.items():
                    progress.seconds[part] = progress.seconds.get(part, 0.0) + spent
                report(progress)
                if elapsed - saved > 2.0:
                    _save_manifest(manifest, root)
                    saved = elapsed
        finally:
            manifest["status"] = "complete" if len(kept) == len(shards) else "partial"
            _save_manifest(manifest, root)
        return manifest


def _start_worker() -> None:
    """The parent decides when to stop; Ctrl-C reaches the whole group, so workers ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _results(
    plan: GenerationPlan, root: Path, todo: list[Shard], workers: int, stop: Callable[[], bool]
) -> Iterator[ShardResult]:
    """Finished shards, as they come; at most two shards a worker are under way."""
    if workers == 0:
        for shard in todo:
            if stop():
                return
            yield make_shard(plan, str(root), shard)
        return
    waiting = iter(todo)
    context = get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(todo) or 1), context, _start_worker) as pool:
        running: set[Future[ShardResult]] = set()
        try:
            while True:
                while len(running) < 2 * workers and not stop():
                    shard = next(waiting, None)
                    if shard is None:
                        break
                    running.add(pool.submit(make_shard, plan, str(root), shard))
                if stop():
                    running = {future for future in running if not future.cancel()}
                if not running:
                    return
                done, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                failures = [error for future in done if (error := future.exception())]
                yield from (future.result() for future in done if not future.exception())
                if failures:
                    raise failures[0]
        except BrokenProcessPool as error:
            raise UserError(
                "a worker process died (killed, or out of memory)",
                f"run the same command again to continue; workers={max(1, workers // 2)} "
                "needs less memory",
            ) from error
        finally:
            for future in running:
                future.cancel()


def _open_manifest(plan: GenerationPlan, root: Path) -> dict[str, Any]:
    wanted = plan.configuration()
    if (root / "manifest.json").is_file():
        manifest = read_manifest(root)
        there = manifest["configuration"]
        keys = sorted(set(there) | set(wanted))
        differ = [key for key in keys if there.get(key) != wanted.get(key)]
        if differ:
            diff = ", ".join(f"{key}: {there.get(key)} -> {wanted.get(key)}" for key in differ)
            raise UserError(
                f"{root} holds a set of another configuration ({diff})",
                "choose another path=, use the set's own settings to continue it, or delete it",
            )
        return manifest
    strangers = [entry.name for entry in root.iterdir() if entry.name not in _OWN_FILES]
    if strangers:
        raise UserError(
            f"{root} is not empty and not a babbling data set (found {sorted(strangers)[0]})",
            "choose a new or empty folder with path=",
        )
    return {
        "schema_version": SCHEMA_VERSION,
        "status": "partial",
        "configuration": wanted,
        "versions": _versions(),
        "object_sets": _object_sets(),
        "vocabulary": {"shape": sorted(SHAPES), "visible_material": sorted(MATERIALS)},
        "shards": {},
    }


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("nsca", "mujoco", "numpy", "pyarrow")}


def _object_sets() -> dict[str, list[str]]:
    sets: dict[str, list[str]] = {"A": [], "B": []}
    for kind in KINDS:
        sets[kind.object_set].append(kind.name)
    return sets


def _save_manifest(manifest: dict[str, Any], root: Path) -> None:
    shards = manifest["shards"]
    manifest["shards"] = {name: shards[name] for name in sorted(shards)}
    totals = {"shards": len(shards)}
    for key in ("episodes", "interactions", "unstable_episodes", "warnings"):
        totals[key] = sum(shard[key] for shard in shards.values())
    totals["bytes"] = sum(file["bytes"] for s in shards.values() for file in s["files"])
    manifest["totals"] = totals
    write_text(root / "manifest.json", json.dumps(manifest, indent=1) + "\n")
    write_text(root / "README.md", data_card(manifest))
    manifest["shards"] = shards


def _intact(root: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest's shards whose files are all there with the right checksums."""

    def whole(file: dict[str, Any]) -> bool:
        path = root / file["path"]
        right_size = path.is_file() and path.stat().st_size == file["bytes"]
        return right_size and sha256_of(path) == file["sha256"]

    shards = manifest["shards"].items()
    return {name: shard for name, shard in shards if all(whole(file) for file in shard["files"])}


def _sweep(root: Path) -> None:
    """Removes what a killed run left half-written; the lock makes sure that nobody is writing."""
    for half in root.rglob(".*.tmp-*"):
        half.unlink()
