"""The manifest of a set of demonstrations: what it is, and what made it."""

import hashlib
import json
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nsca.errors import UserError
from nsca.worlds import metaworld

KIND = "demonstrations"
SCHEMA_VERSION = 1
TABLE = "demonstrations.parquet"
DECIDING = ("backends", "env", "episode_seeds", "experts", "physics")  # of nsca.worlds.metaworld
NEEDED = {
    "configuration": (
        "task count seed backend action_noise gravity mass friction steps_after_success max_steps"
    ),
    "episodes": "tried failed success_rate",
    "steps": "all shortest longest",
    "file": "path rows bytes sha256",
}


def is_demonstration_set(path: Path) -> bool:
    """Whether a folder is such a set, also a damaged one: by its table or by its manifest."""
    if (path / TABLE).is_file():
        return True
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("kind") == KIND


def read_demonstration_manifest(root: Path) -> dict[str, Any]:
    """The manifest of a set.

    Raises:
        UserError: there is no set, it is of another kind or schema version, or its manifest is
            broken.
    """
    path = root / "manifest.json"
    record = f"record some: python -m nsca.data demonstrate <task> --path {root}"
    if not root.is_dir():
        raise UserError(f"there are no demonstrations at {root}", record)
    if not path.is_file():
        raise UserError(f"{root} is not a set of demonstrations: it has no manifest.json", record)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        kind, schema = manifest.get("kind", "babbling"), manifest["schema_version"]
        if kind == KIND and schema == SCHEMA_VERSION:
            for part, keys in NEEDED.items():
                _ = manifest["versions"], [manifest[part][key] for key in keys.split()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        remedy = f"delete {root} and record it again: python -m nsca.data demonstrate --help"
        raise UserError(f"{path} is broken ({error})", remedy) from error
    if kind != KIND:
        raise UserError(
            f"{root} holds {kind} data, not demonstrations",
            "record some into another folder: python -m nsca.data demonstrate <task>",
        )
    if schema != SCHEMA_VERSION:
        raise UserError(
            f"{root} has schema version {schema}; this version of nsca reads {SCHEMA_VERSION}",
            "record it again with this version, or use the version that wrote it",
        )
    return manifest


def recording_command(configuration: dict[str, Any], root: Path | None = None) -> str:
    """The command that records this very set again, into `root` if given."""
    options = [
        f"--{name.replace('_', '-')} {configuration[name]}"
        for name in sorted(configuration)
        if name not in ("task", "max_steps")
    ]
    place = [] if root is None else [f"--path {shlex.quote(str(root))}"]
    return " ".join(["python -m nsca.data demonstrate", configuration["task"], *options, *place])


def recording_versions(backend: str) -> dict[str, str]:
    """What the bytes of a set depend on beside its settings; EnvPool brings its own MuJoCo."""
    engine = ("envpool",) if backend == "envpool" else ("mujoco",)
    digest = hashlib.sha256()
    for module in DECIDING:
        digest.update((Path(metaworld.__file__).parent / f"{module}.py").read_bytes())
    packages = {name: version(name) for name in ("nsca", "metaworld", *engine, "numpy", "pyarrow")}
    return {**packages, "world": digest.hexdigest()[:12]}
