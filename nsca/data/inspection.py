"""What is in a data set, as lines of text: splits, kinds, primitives, events, sizes, fields."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow.parquet as pq

from nsca.data.babbling_store import files_of, read_manifest, read_shards
from nsca.data.custom_layout import NUMBERED, SUFFIXES, gaps
from nsca.data.demonstration_manifest import (
    TABLE,
    is_demonstration_set,
    read_demonstration_manifest,
)
from nsca.data.demonstrations import STEP_S, load_demonstrations
from nsca.data.driving_recording import find_recordings
from nsca.data.folder_listing import KINDS, NO_LABEL
from nsca.data.folders import visible
from nsca.data.generation_plan import SPLITS
from nsca.data.huggingface_tables import is_huggingface
from nsca.errors import UserError

SHOWN_FOLDERS = 40


def format_of(
    path: Path,
) -> Literal[
    "babbling",
    "custom_folder",
    "demonstrations",
    "driving_signals",
    "huggingface",
    "image_folder",
    "audio_folder",
    "video_folder",
]:
    """Which kind of data set a folder is, by its names alone.

    A custom folder has no labels.csv, and most of its training files are numbered: a few such names
    among photographs say nothing, a few others among recordings are mistakes to be named.

    Raises:
        UserError: there is no such folder, or nothing in it.
    """
    if not path.is_dir():
        raise UserError(
            f"there is no folder {path}", "name a data set, or make one: python -m nsca.babble"
        )
    if is_demonstration_set(path):
        return "demonstrations"
    if (path / "manifest.json").is_file():
        return "babbling"
    if not any(file.is_file() for file in path.rglob("*")):
        raise UserError(
            f"{path} is empty", "make a set there: python -m nsca.babble path=" + str(path)
        )
    if find_recordings(path):
        return "driving_signals"
    if is_huggingface(path):
        return "huggingface"
    labelled = _by_suffixes(path)
    if (path / "labels.csv").is_file() or not (path / "train").is_dir():
        return labelled
    train = path / "train"
    holding = [train, *(child for child in visible(train) if child.is_dir())]
    files = [file for folder in holding for file in visible(folder) if file.is_file()]
    numbered = [bool(NUMBERED.fullmatch(file.name)) for file in files]
    return "custom_folder" if 2 * sum(numbered) > len(numbered) else labelled


def _by_suffixes(path: Path) -> Literal["image_folder", "audio_folder", "video_folder"]:
    """Of which kind most of a folder's files are named; pictures where nothing tells."""
    table = path / "labels.csv"
    there = Counter(file.suffix.lower() for file in path.rglob("*"))
    if table.is_file():
        names = re.split(r"[,\s]+", table.read_text(encoding="utf-8", errors="replace"))
        listed = Counter(Path(name).suffix.lower() for name in names)
        if any(listed.keys() & kind.suffixes for kind in KINDS.values()):
            there = listed
    return max(KINDS, key=lambda name: sum(there[s] for s in KINDS[name].suffixes))


def describe_babbling(root: Path) -> Iterator[str]:
    """Lines about a babbling set.

    Raises:
        UserError: there is no set, or a shard is broken.
    """
    manifest = read_manifest(root)
    configuration, totals = manifest["configuration"], manifest["totals"]
    yield f"babbling set {root} ({manifest['status']}, schema version {manifest['schema_version']})"
    yield "made by  " + ", ".join(f"{k} {v}" for k, v in manifest["versions"].items())
    yield "from     " + ", ".join(f"{k}={v}" for k, v in configuration.items())
    yield (
        f"holds    {totals['interactions']} interactions in {totals['episodes']} episodes, "
        f"{totals['bytes'] / 1e6:.1f} MB in {3 * totals['shards']} files; "
        f"{totals['unstable_episodes']} unstable episodes dropped"
    )
    yield ""
    yield f"{'split':<8}{'set':<5}{'episodes':>9}{'interactions':>14}{'objects':>9}{'MB':>9}"
    for split in SPLITS:
        shards = [s for name, s in manifest["shards"].items() if name.rpartition("-")[0] == split]
        objects = sum(sum(s["kinds"].values()) for s in shards)
        size = sum(f["bytes"] for s in shards for f in s["files"]) / 1e6
        yield (
            f"{split:<8}{'B' if split == 'test' else 'A':<5}{_sum(shards, 'episodes'):>9}"
            f"{_sum(shards, 'interactions'):>14}{objects:>9}{size:>9.1f}"
        )
    yield ""
    for title, key in (
        ("primitives", "primitives"),
        ("events", "events"),
        ("object kinds", "kinds"),
    ):
        counts: dict[str, int] = {}
        for shard in manifest["shards"].values():
            for name, count in shard[key].items():
                counts[name] = counts.get(name, 0) + count
        yield f"{title}: " + ", ".join(f"{n} {c}" for n, c in sorted(counts.items()))
    yield ""
    yield from _fields(root, manifest)


def _sum(shards: list[dict[str, Any]], key: str) -> int:
    return sum(shard[key] for shard in shards)


def _fields(root: Path, manifest: dict[str, Any]) -> Iterator[str]:
    for table, reader in (
        ("observations", "agents"),
        ("labels", "probes only"),
        ("privileged", "evaluation only"),
    ):
        split = next((s for s in SPLITS if files_of(manifest, table, s)), None)
        if split is None:
            continue
        yield f"fields of {table}/ (for {reader}):"
        next(read_shards(root, manifest, table, split, []))  # a broken file is named, with remedy
        for field in pq.read_schema(root / files_of(manifest, table, split)[0]):
            yield f"  {field.name:<22}{field.type}"


def describe_demonstrations(root: Path) -> Iterator[str]:
    """Lines about a set of demonstrations.

    Raises:
        UserError: there is no set, or it is damaged.
    """
    manifest = read_demonstration_manifest(root)
    found = load_demonstrations(root)
    settings, episodes = manifest["configuration"], manifest["episodes"]
    lengths = [len(each.actions) for each in found]
    firsts = [each.first_success or 0 for each in found]
    returns = [float(each.rewards.sum()) for each in found]
    yield f"set of demonstrations {root} (schema version {manifest['schema_version']})"
    yield "made by  " + ", ".join(f"{k} {v}" for k, v in manifest["versions"].items())
    yield "from     " + ", ".join(f"{k}={v}" for k, v in settings.items())
    yield (
        f"holds    {len(found)} demonstrations of {settings['task']}, {sum(lengths)} steps "
        f"({sum(lengths) * STEP_S:.1f} s), {manifest['file']['bytes'] / 1e3:.1f} kB"
    )
    yield (
        f"expert   succeeded in {len(found)} of {episodes['tried']} episodes "
        f"({episodes['success_rate']:.1%})"
    )
    yield (
        f"lengths  {min(lengths)} to {max(lengths)} steps, median {np.median(lengths):g}; "
        f"first success after {min(firsts)} to {max(firsts)}"
    )
    yield (
        f"rewards  {manifest['reward_version']}; their sum is {min(returns):.0f} to "
        f"{max(returns):.0f}"
    )
    yield ""
    yield f"fields of {TABLE}:"
    for field in pq.read_schema(root / TABLE):
        yield f"  {field.name:<22}{field.type}"


def describe_drives(source: Any) -> Iterator[str]:
    """Lines about a folder of recorded drives.

    Raises:
        UserError: a drive that cannot be used.
    """
    yield f"driving_signals {source.path}"
    for path, drive in zip(source.recordings, source.drives(), strict=True):
        speed = np.linalg.norm(drive.velocity, axis=1)
        wheel = np.degrees(drive.steering)
        yield (
            f"{path.name}: {len(drive)} frames, {len(drive) * drive.interval_s:.1f} s, "
            f"{(speed * drive.interval_s).sum():.0f} m at {speed.min():.1f} to {speed.max():.1f} "
            f"m/s, wheel turned {wheel.min():.1f} to {wheel.max():.1f} degrees"
        )
        yield from (f"  left out {what}" for what in drive.ignored)
    for split in ("train", *source.held_out):
        moments = source.moments(split)
        yield f"{split:<8} {len(moments)} moments in {len(np.unique(moments.clip))} stretches"


def describe_folder(source: Any) -> Iterator[str]:
    """Lines about a folder of pictures, sounds, videos or recordings, opened by its own source."""
    yield f"{source.name} {source.path}"
    classes = [name for name in source.classes if name != NO_LABEL]
    yield f"classes  {len(classes)}: {', '.join(classes[:20])}" if classes else "classes  none"
    files = source.samples if source.name == "custom_folder" else source.files
    for split, members in files.items():
        yield f"{split:<8} {len(members)} samples"
    if source.name == "custom_folder":
        yield from _class_folders(source.counts())
        found = ", ".join(f"{name} {count}" for name, count in source.modalities().items())
        yield f"modalities of train: {found}"


def _class_folders(counts: dict[str, dict[str, int]]) -> Iterator[str]:
    """How many files of each sense each class folder has, and what some of them lack."""
    width = max(map(len, counts)) + 2
    yield f"{'files':<{width}}" + "".join(f"{name:>9}" for name in SUFFIXES)
    for folder, files in list(counts.items())[:SHOWN_FOLDERS]:
        yield f"{folder:<{width}}" + "".join(f"{files[name]:>9}" for name in SUFFIXES)
    if len(counts) > SHOWN_FOLDERS:
        yield f"... and {len(counts) - SHOWN_FOLDERS} more folders"
    yield from (f"lacking  {gap}" for gap in gaps(counts, SUFFIXES))
