"""The manifest of a babbling set: what it is, what made it, and which shards are finished."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nsca import worlds
from nsca.data.babbling_store import TABLES, read_manifest, sha256_of, write_text
from nsca.data.babbling_tables import SCHEMA_VERSION
from nsca.data.data_card import data_card
from nsca.data.generation_plan import GenerationPlan
from nsca.errors import UserError
from nsca.worlds.tabletop.appearance import MATERIALS
from nsca.worlds.tabletop.kinds import KINDS
from nsca.worlds.tabletop.shapes import SHAPES

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


def open_manifest(plan: GenerationPlan, root: Path) -> dict[str, Any]:
    """The manifest that is there, if it is of the same configuration, or that of an empty set.

    Raises:
        UserError: a set of another configuration, or a folder with other things in it.
    """
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
        "versions": maker_versions(),
        "object_sets": _object_sets(),
        "vocabulary": {"shape": sorted(SHAPES), "visible_material": sorted(MATERIALS)},
        "shards": {},
    }


def maker_versions() -> dict[str, str]:
    """What the bytes of a set depend on beside its configuration."""
    digest = hashlib.sha256()
    folder = Path(worlds.__file__).parent  # the other worlds in it make other sets
    for file in sorted([*folder.glob("*.py"), *folder.glob("tabletop/*.py")]):
        digest.update(file.read_bytes())
    packages = {name: version(name) for name in ("nsca", "mujoco", "numpy", "pyarrow")}
    return {**packages, "world": digest.hexdigest()[:12]}


def _object_sets() -> dict[str, list[str]]:
    sets: dict[str, list[str]] = {"A": [], "B": []}
    for kind in KINDS:
        sets[kind.object_set].append(kind.name)
    return sets


def save_manifest(manifest: dict[str, Any], root: Path) -> None:
    """Writes the manifest with its totals brought up to date, and the data card."""
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


def intact_shards(root: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest's shards whose files are all there with the right checksums."""

    def whole(file: dict[str, Any]) -> bool:
        path = root / file["path"]
        right_size = path.is_file() and path.stat().st_size == file["bytes"]
        return right_size and sha256_of(path) == file["sha256"]

    shards = manifest["shards"].items()
    return {name: shard for name, shard in shards if all(whole(file) for file in shard["files"])}


def sweep(root: Path, manifest: dict[str, Any]) -> None:
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
