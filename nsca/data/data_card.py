"""The README.md of a babbling data set: what is in it, how to read it, what it is not."""

import json
from typing import Any


def data_card(manifest: dict[str, Any]) -> str:
    """The card in Markdown, from the manifest alone; `datasets` reads its header."""
    configuration, totals = manifest["configuration"], manifest["totals"]
    sums: dict[str, dict[str, int]] = {"primitives": {}, "events": {}}
    splits: dict[str, dict[str, int]] = {}
    for name, shard in sorted(manifest["shards"].items()):
        split = splits.setdefault(name.rpartition("-")[0], {"episodes": 0, "interactions": 0})
        for key in split:
            split[key] += shard[key]
        for key, total in sums.items():
            for word, count in shard[key].items():
                total[word] = total.get(word, 0) + count
    header = "\n".join(
        f"  - split: {split}\n    path: observations/{split}-*.parquet" for split in splits
    )
    rows = "\n".join(
        f"| {split} | {'B (novel kinds)' if split == 'test' else 'A'} "
        f"| {count['episodes']} | {count['interactions']} |"
        for split, count in splits.items()
    )
    if configuration["render"]:
        made = "physics and pictures, modal sound"
        recorded = "32 frames of 64x64 RGB at 20 frames/s"
        raw = (
            "`frames` and `audio` are raw bytes (uint8\n"
            "  [32, 64, 64, 3]; little-endian int16 [25600])"
        )
    else:
        made = "physics, modal sound"
        recorded = "32 moments at 20 a second, no pictures"
        raw = "`audio` is raw bytes (little-endian\n  int16 [25600]), `frames` is null"
    return f"""---
license: apache-2.0
configs:
- config_name: default
  data_files:
{header}
---

# NSCA babbling, seed {configuration["seed"]}

A robot hand reaches, grasps, lifts, shakes, drops, strikes and pushes objects on a table. Made by
`python -m nsca.babble` (MuJoCo {made}); no person, place or recording is
in it. Status: {manifest["status"]}; schema version {manifest["schema_version"]}.

| split | object set | episodes | interactions |
|---|---|---|---|
{rows}

An interaction is one primitive call with settling: {recorded}, sound at
16 kHz, touch, proprioception, commands, the kinematic state of every object, events with times and
an utterance. Every object instance lives in one episode, every episode in one split: splits share
neither.

- `observations/`: what an agent may perceive. {raw}; the shapes of all columns stand in the file
  metadata under `nsca_shapes`. `datasets.load_dataset("parquet", data_files=...)` opens them.
- `labels/`: kind and visible attributes of each object, for probes only.
- `privileged/`: hidden properties, for evaluation only. Training code must not read them.
- `manifest.json`: configuration, versions, object lists, counts, sha256 of every file.

Interactions by primitive: {json.dumps(sums["primitives"])}. Events: {json.dumps(sums["events"])}.
Dropped because the physics became unstable: {totals["unstable_episodes"]} episodes.

Limits: a simulated hand and simple shapes; sounds are plausible, not measured; colours, sizes and
materials are drawn uniformly and say nothing about real frequencies.
"""
