"""The manifest: what it must hold, and the command that makes the set again."""

import json
from dataclasses import fields
from pathlib import Path

import pytest
from data.synthetic_demonstrations import CONFIGURATION, stored

from nsca.data.__main__ import parser
from nsca.data.demonstrating import RecordingSettings
from nsca.data.demonstration_manifest import (
    NEEDED,
    is_demonstration_set,
    read_demonstration_manifest,
    recording_command,
    recording_versions,
)
from nsca.errors import UserError


def test_a_set_is_known_by_its_table_or_its_manifest(tmp_path: Path) -> None:
    assert not is_demonstration_set(tmp_path / "gone")
    for left in ("manifest.json", "demonstrations.parquet"):
        root = stored(tmp_path / f"set with {left}")
        for file in root.iterdir():
            if file.name != left:
                file.unlink()
        assert is_demonstration_set(root)
    for other in ("[]", "{}", "{", '{"schema_version": 1}'):
        (tmp_path / "manifest.json").write_text(other)
        assert not is_demonstration_set(tmp_path)


@pytest.mark.parametrize("part", [*NEEDED, "versions", "schema_version"])
def test_a_manifest_that_lacks_something_is_broken(tmp_path: Path, part: str) -> None:
    root = stored(tmp_path / "set")
    manifest = json.loads((root / "manifest.json").read_text())
    del manifest[part]
    (root / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match=r"set/manifest\.json is broken"):
        read_demonstration_manifest(root)


@pytest.mark.parametrize("text", ["", "[]", "{", "3"])
def test_no_manifest_at_all_is_broken(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(UserError, match="is broken"):
        read_demonstration_manifest(tmp_path)


def test_another_schema_version_is_refused(tmp_path: Path) -> None:
    path = stored(tmp_path) / "manifest.json"
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 9'))
    with pytest.raises(UserError, match="schema version 9; this version of nsca reads 1"):
        read_demonstration_manifest(tmp_path)


def test_a_babbling_set_holds_no_demonstrations(babbling_set: Path) -> None:
    with pytest.raises(UserError, match="holds babbling data, not demonstrations"):
        read_demonstration_manifest(babbling_set)


def test_it_needs_every_setting_of_a_recording() -> None:
    assert NEEDED["configuration"].split() == [f.name for f in fields(RecordingSettings)]
    assert set(CONFIGURATION) == set(NEEDED["configuration"].split())


def test_the_command_gives_the_same_settings() -> None:
    wanted = CONFIGURATION | {"action_noise": 0.25, "mass": 3.5}
    words = recording_command(wanted, Path("a place")).replace("'a place'", "a_place").split()
    assert words[:4] == ["python", "-m", "nsca.data", "demonstrate"]
    chosen = vars(parser().parse_args(words[3:]))
    assert chosen.pop("path") == Path("a_place")
    assert {**chosen, "max_steps": 500} == {**wanted, "command": "demonstrate"}
    assert "--path" not in recording_command(wanted)


def test_versions_name_the_engine_that_played() -> None:
    assert "envpool" in recording_versions("envpool")
    assert {"mujoco", "metaworld", "world"} <= set(recording_versions("metaworld"))
