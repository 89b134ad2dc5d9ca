"""One worker's piece of a babbling data set: play its episodes, write its files, report."""

import resource
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nsca.data import babbling_store as store
from nsca.data.babbling_tables import StoredEpisode, object_tables, observation_table
from nsca.data.generation_plan import SPLITS, GenerationPlan, Shard
from nsca.worlds.gl import require_backend
from nsca.worlds.tabletop.interaction import IMAGE_SIZE


@dataclass(frozen=True)
class ShardResult:
    """What a worker reports of a shard; `files` are FileRecords as dictionaries."""

    name: str
    files: list[dict[str, Any]]
    episodes: int
    interactions: int
    unstable_episodes: int
    warnings: int
    kinds: dict[str, int]
    primitives: dict[str, int]
    events: dict[str, int]
    seconds: dict[str, float]
    peak_memory_mb: float


_RENDERER: list[Any] = []  # one per process: a GL context serves every scene


def _renderer() -> Any:
    if not _RENDERER:
        require_backend()
        from nsca.worlds.rendering import FastRenderer
        from nsca.worlds.tabletop.scene import reference_model

        _RENDERER.append(FastRenderer(reference_model(), IMAGE_SIZE, IMAGE_SIZE))
    return _RENDERER[0]


def make_shard(plan: GenerationPlan, root: str, shard: Shard) -> ShardResult:
    """Makes and writes one shard; runs in a worker process.

    Raises:
        OSError: the disk is full or not writable.
    """
    from nsca.worlds.tabletop.episode import run_episode

    object_set = SPLITS[shard.split]
    renderer = _renderer() if plan.render else None
    episodes, unstable, warnings = [], 0, 0
    seconds: dict[str, float] = {}
    for number in range(shard.first_episode, shard.first_episode + shard.episodes):
        record = run_episode(
            plan.seed,
            number,
            object_set,
            plan.interactions_per_episode,
            plan.render,
            renderer,
            n_objects=plan.objects_per_episode,
            gravity=plan.gravity,
        )
        warnings += record.warnings
        for part, spent in record.seconds.items():
            seconds[part] = seconds.get(part, 0.0) + spent
        if record.unstable:
            unstable += 1
        else:
            episodes.append(StoredEpisode(number, object_set, record))
    began = time.perf_counter()
    tables = (observation_table(episodes), *object_tables(episodes))
    files = [
        asdict(store.write_parquet(table, Path(root), f"{name}/{shard.name}.parquet"))
        for name, table in zip(store.TABLES, tables, strict=True)
    ]
    seconds["write"] = time.perf_counter() - began
    interactions = [i for episode in episodes for i in episode.record.interactions]
    return ShardResult(
        name=shard.name,
        files=files,
        episodes=len(episodes),
        interactions=len(interactions),
        unstable_episodes=unstable,
        warnings=warnings,
        kinds=_count(thing.kind for episode in episodes for thing in episode.record.objects),
        primitives=_count(i.primitive for i in interactions),
        events=_count(event.kind for i in interactions for event in i.events),
        seconds=seconds,
        peak_memory_mb=_peak_memory_mb(),
    )


def _count(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def _peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0**2 if sys.platform == "darwin" else 1024.0)
