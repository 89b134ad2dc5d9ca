"""Hidden properties of the objects in a babbling data set: for evaluation alone.

Phases, callbacks and training code must not import this module; import contracts and a test that
watches which files a training run opens hold them to it.
"""

from pathlib import Path
from typing import Any

from nsca.data.babbling_store import read_manifest, read_shards
from nsca.data.source import Split


def hidden_properties(path: str | Path, split: Split) -> dict[str, dict[str, Any]]:
    """Instance id -> hardness, mass and the other hidden properties of every object of a split.

    Raises:
        UserError: no set there, or a broken shard.
    """
    root = Path(path)
    return {
        row.pop("instance_id"): row
        for table in read_shards(root, read_manifest(root), "privileged", split)
        for row in table.drop_columns(["episode", "object"]).to_pylist()
    }
