"""Is a set of demonstrations whole and plausible? Every problem as one line that names its file.

It is held against its manifest (file, checksum, counts), its schema, and its settings: which
episodes they are, and when each of them ends. Nothing is played again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from nsca.data.demonstration_manifest import TABLE, read_demonstration_manifest
from nsca.data.demonstrations import SCHEMA, Demonstration, demonstrations_of
from nsca.data.validation import file_problems
from nsca.worlds.metaworld.episode_seeds import episode_seeds


def demonstration_problems(root: Path) -> Iterator[str]:
    """Problems of a set of demonstrations, as they are found.

    Raises:
        UserError: there is no set or its manifest cannot be read.
    """
    manifest = read_demonstration_manifest(root)
    for other in sorted(root.glob("*.parquet")):
        if other.name != TABLE:
            yield f"{other}: not in the manifest"
    path, damaged = root / TABLE, False
    for problem in file_problems(path, manifest["file"]):
        damaged = True
        yield problem
    if damaged:
        return
    table = pq.read_table(path)
    if not table.schema.equals(SCHEMA, check_metadata=False):
        yield f"{path}: columns differ from schema version {manifest['schema_version']}"
        return
    settings, episodes = manifest["configuration"], manifest["episodes"]
    found = demonstrations_of(table)
    if not len(found) == settings["count"] == episodes["tried"] - episodes["failed"]:
        yield (
            f"{path}: {len(found)} demonstrations, the manifest says {settings['count']} and "
            f"{episodes['tried']} episodes of which {episodes['failed']} failed"
        )
    for number, each in enumerate(found):
        for problem in _row_problems(each, settings):
            yield f"{path}: demonstration {number} {problem}"
    tried = episode_seeds(settings["task"], "demonstrations", settings["seed"], episodes["tried"])
    seeds = [each.seed for each in found]
    if seeds != [seed for seed in tried if seed in seeds] or seeds[-1:] != tried[-1:]:
        yield f"{path}: its episodes are not those of seed {settings['seed']} in their order"


def _row_problems(demonstration: Demonstration, settings: dict[str, Any]) -> Iterator[str]:
    yield from demonstration.problems()
    if demonstration.task != settings["task"]:
        yield f"is of {demonstration.task}"
    if demonstration.first_success is not None:
        wanted = demonstration.first_success + settings["steps_after_success"]
        end = min(wanted, settings["max_steps"])
        if len(demonstration.actions) != end:
            yield f"has {len(demonstration.actions)} steps, not {end}"
