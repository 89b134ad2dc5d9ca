"""What a set says of itself decides whether it may be continued, and what in it is kept."""

import json
import types
from dataclasses import replace
from pathlib import Path

import pytest
from data.sets import checksums, generate, quiet

from nsca.data.generation_plan import GenerationPlan
from nsca.errors import UserError


def test_another_configuration_is_refused_with_the_difference(
    babbling_set: Path, plan: GenerationPlan
) -> None:
    before = checksums(babbling_set)
    with pytest.raises(UserError, match="seed: 3 -> 4") as failure:
        generate(replace(plan, seed=4), babbling_set, 0, quiet)
    assert "interactions:" not in failure.value.cause
    assert "path=" in failure.value.remedy
    assert checksums(babbling_set) == before


def test_a_set_begun_by_another_world_is_not_continued(
    babbling_set: Path, plan: GenerationPlan, synthetic_world: types.ModuleType
) -> None:
    manifest = babbling_set / "manifest.json"
    world = json.loads(manifest.read_text())["versions"]["world"]
    manifest.write_text(manifest.read_text().replace(world, "another"))
    generate(plan, babbling_set, 0, quiet)  # complete: there is nothing to continue
    (babbling_set / "observations" / "val-00000.parquet").unlink()
    with pytest.raises(UserError, match=f"world another -> {world}"):
        generate(plan, babbling_set, 0, quiet)


def test_a_folder_with_other_things_in_it_is_left_alone(
    tmp_path: Path, plan: GenerationPlan, synthetic_world: types.ModuleType
) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"thesis\.tex"):
        generate(plan, tmp_path, 0, quiet)


def test_what_a_run_killed_before_its_manifest_left_is_cleared_away(
    tmp_path: Path, plan: GenerationPlan, synthetic_world: types.ModuleType
) -> None:
    generate(replace(plan, seed=8, interactions=100), tmp_path, 0, quiet)
    (tmp_path / "manifest.json").unlink()
    (tmp_path / ".manifest.json.tmp-77").write_text("{")
    notes = tmp_path / "observations" / "notes.txt"
    notes.write_text("mine")
    manifest = generate(plan, tmp_path, 0, quiet)
    listed = {f["path"]: f["sha256"] for s in manifest["shards"].values() for f in s["files"]}
    assert checksums(tmp_path) == listed
    assert not (tmp_path / ".manifest.json.tmp-77").exists()
    assert notes.exists()
