"""Generating a babbling data set: a plan of shards, worker processes, and a manifest that grows.

A shard is a fixed range of episodes and one worker's work, written atomically, so that the bytes
depend on the seed alone and not on how many workers there are. What is finished is in the manifest
with its checksum and is kept by a later call; everything else is made again.
"""

import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from nsca import worlds
from nsca.data.babbling_store import TABLES, read_manifest, sha256_of, write_text
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

MANIFEST_EVERY_S = 2.0  # what a kill can cost beside the shards in progress
BYTES_PER_INTERACTION = {True: 60_000, False: 25_000}  # generous; with and without pictures
_HALF_WRITTEN = ".*.tmp-*"
_SHARD_FILES = "*-[0-9][0-9][0-9][0-9][0-9].parquet"
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
    """Where a generation stands, for whoever shows it; `seconds` are summed over workers."""

    interactions: int
    interactions_done: int = 0
    kept_interactions: int = 0
    unstable_episodes: int = 0
    elapsed_s: float = 0.0
    peak_memory_mb: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, result: ShardResult, elapsed_s: float) -> None:
        """Counts one finished shard."""
        self.interactions_done += result.interactions
        self.unstable_episodes += result.unstable_episodes
        self.elapsed_s = elapsed_s
        self.peak_memory_mb = max(self.peak_memory_mb, result.peak_memory_mb)
        for part, spent in result.seconds.items():
            self.seconds[part] = self.seconds.get(part, 0.0) + spent

    @property
    def frames_per_s(self) -> float:
        """Of this run, on disk; what an earlier run made does not count."""
        made = (self.interactions_done - self.kept_interactions) * FRAMES
        return made / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def shares(self) -> dict[str, float]:
        """Share of the workers' time in physics, render, sound, write and the rest."""
        total = sum(self.seconds.values())
        return {part: spent / total for part, spent in self.seconds.items()} if total else {}


class OpenSet:
    """A data set that this process alone is writing; made by `open_set`.

    Args:
        plan: what to make.
        root: the set's folder, locked.
        manifest: of what is there already.
    """

    def __init__(self, plan: GenerationPlan, root: Path, manifest: dict[str, Any]) -> None:
        self.plan = plan
        self.root = root
        self.manifest = manifest

    def make(
        self,
        workers: int,
        report: Callable[[Progress], None],
        stop: Callable[[], bool] = lambda: False,
    ) -> dict[str, Any]:
        """Makes what is missing and returns the manifest.

        Args:
            workers: processes; 0 works in this one.
            report: called at the start and after every shard.
            stop: asked often; True ends the run after the shards in progress, leaving a manifest
                with status "partial" from which a later call continues.

        Raises:
            UserError: the disk is full or not writable, a worker died. What was finished stays,
                and is in the manifest.
        """
        _sweep(self.root, self.manifest)
        kept = _intact(self.root, self.manifest)
        self.manifest["shards"] = kept
        shards = self.plan.shards()
        per_episode = self.plan.interactions_per_episode
        todo = [shard for shard in shards if shard.name not in kept]
        if todo:
            self._require_same_makers()
        missing = sum(shard.episodes for shard in todo) * per_episode
        require_space(self.root, missing * BYTES_PER_INTERACTION[self.plan.render])
        progress = Progress(sum(shard.episodes for shard in shards) * per_episode)
        progress.kept_interactions = sum(shard["interactions"] for shard in kept.values())
        progress.interactions_done = progress.kept_interactions
        report(progress)
        began, saved = time.monotonic(), 0.0
        try:
            for result in _results(self.plan, self.root, todo, workers, stop):
                kept[result.name] = asdict(result)
                progress.add(result, time.monotonic() - began)
                report(progress)
                if progress.elapsed_s - saved > MANIFEST_EVERY_S:
                    _save_manifest(self.manifest, self.root)
                    saved = progress.elapsed_s
        finally:
            self.manifest["status"] = "complete" if len(kept) == len(shards) else "partial"
            _save_manifest(self.manifest, self.root)
        return self.manifest

    def _require_same_makers(self) -> None:
        """Half a set by one version of the world and half by another would be no set at all."""
        there, here = self.manifest["versions"], _versions()
        differ = [
            f"{name} {there.get(name)} -> {here[name]}"
            for name in here
            if there.get(name) != here[name]
        ]
        if differ and self.manifest["shards"]:
            raise UserError(
                f"{self.root} was begun by other versions ({', '.join(differ)})",
                "choose another path=, continue with those versions, or delete the set",
            )
        self.manifest["versions"] = here


@contextmanager
def open_set(plan: GenerationPlan, root: Path) -> Iterator[OpenSet]:
    """Claims a new set, or one of the same configuration to continue.

    Raises:
        UserError: another set or something else is there, another process is writing it, or the
            place cannot be written to.
    """
    with friendly_disk_errors(root), exclusive(root):
        yield OpenSet(plan, root, _open_manifest(plan, root))


def generate(
    plan: GenerationPlan,
    root: Path,
    workers: int,
    report: Callable[[Progress], None],
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """`open_set` and `OpenSet.make` in one."""
    with open_set(plan, root) as claimed:
        return claimed.make(workers, report, stop)


def _start_worker() -> None:
    """The parent decides when to stop; Ctrl-C reaches the whole group, so workers ignore it.

    A parent that is killed cannot say so: without a watch its workers would wait for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _results(
    plan: GenerationPlan, root: Path, todo: list[Shard], workers: int, stop: Callable[[], bool]
) -> Iterator[ShardResult]:
    """Finished shards, as they come; one more than workers is under way."""
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
                while len(running) <= workers and not stop():
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
    strangers = [
        entry.name
        for entry in root.iterdir()
        if entry.name not in _OWN_FILES and not entry.match(_HALF_WRITTEN)
    ]
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
    """What the bytes of a set depend on beside its configuration."""
    digest = hashlib.sha256()
    for file in sorted(Path(worlds.__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    packages = {name: version(name) for name in ("nsca", "mujoco", "numpy", "pyarrow")}
    return {**packages, "world": digest.hexdigest()[:12]}


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


def _sweep(root: Path, manifest: dict[str, Any]) -> None:
    """Removes what a killed run left: half-written files, and shards that it did not list, which
    `datasets` would read as part of the set. The lock makes sure that nobody is writing.
    """
    for half in root.rglob(_HALF_WRITTEN):
        half.unlink()
    listed = {file["path"] for shard in manifest["shards"].values() for file in shard["files"]}
    for table in TABLES:
        for shard in (root / table).glob(_SHARD_FILES):
            if shard.relative_to(root).as_posix() not in listed:
                shard.unlink()
