"""Generating a babbling data set: what is missing is made, and a manifest grows.

A shard is a fixed range of episodes and one worker's work, written atomically, so that the bytes
depend on the seed alone and not on how many workers there are. What is finished is in the manifest
with its checksum and is kept by a later call; everything else is made again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nsca.data.generation_manifest import (
    intact_shards,
    maker_versions,
    open_manifest,
    save_manifest,
    sweep,
)
from nsca.data.generation_plan import GenerationPlan
from nsca.data.generation_workers import finished_shards
from nsca.data.shard import ShardResult
from nsca.data.volume import exclusive, friendly_disk_errors, require_space
from nsca.errors import UserError
from nsca.worlds.tabletop.interaction import FRAMES

MANIFEST_EVERY_S = 2.0  # what a kill can cost beside the shards in progress
BYTES_PER_INTERACTION = {True: 60_000, False: 25_000}  # generous; with and without pictures


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
        sweep(self.root, self.manifest)
        kept = intact_shards(self.root, self.manifest)
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
            for result in finished_shards(self.plan, self.root, todo, workers, stop):
                kept[result.name] = asdict(result)
                progress.add(result, time.monotonic() - began)
                report(progress)
                if progress.elapsed_s - saved > MANIFEST_EVERY_S:
                    save_manifest(self.manifest, self.root)
                    saved = progress.elapsed_s
        finally:
            self.manifest["status"] = "complete" if len(kept) == len(shards) else "partial"
            save_manifest(self.manifest, self.root)
        return self.manifest

    def _require_same_makers(self) -> None:
        """Half a set by one version of the world and half by another would be no set at all."""
        there, here = self.manifest["versions"], maker_versions()
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
        yield OpenSet(plan, root, open_manifest(plan, root))
