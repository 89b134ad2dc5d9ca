"""Checkpoint files: whole or not at all, checked, and unable to run code."""

import os
import random
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from nsca import checkpoint
from nsca.checkpoint import (
    HEADER_KEY,
    CheckpointHeader,
    DamagedCheckpointError,
    SafeCheckpointIO,
    all_finite,
    checkpoint_path,
    checkpoints_of,
    read_checkpoint,
    read_header,
    refuse_other_config,
    sweep_left_overs,
    valid_checkpoints,
    write_checkpoint,
)
from nsca.errors import UserError


def write(run: Path, step: int, value: float = 1.0, figure: float | None = None) -> Path:
    header = CheckpointHeader(step, "a.Phase", "f", {"lr": 1, "in": {"k": 2}}, figure, {})
    path = checkpoint_path(run, step)
    write_checkpoint(
        {"state_dict": {"w": torch.full((50,), value)}, HEADER_KEY: asdict(header)}, path
    )
    return path


def test_what_is_written_is_read_and_readable_at_its_head(tmp_path: Path):
    path = write(tmp_path, 7, 3.0)
    content = SafeCheckpointIO().load_checkpoint(path)
    assert torch.equal(content["state_dict"]["w"], torch.full((50,), 3.0))
    assert read_header(path).step == 7
    assert b'"step": 7' in path.read_bytes().split(b"\n")[1]
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("number", range(40))
def test_every_truncation_and_every_flipped_bit_is_noticed(number: int, tmp_path: Path):
    path = write(tmp_path, 1)
    data = bytearray(path.read_bytes())
    rng = random.Random(number)
    if number % 2:
        data = data[: rng.randrange(len(data))]
    else:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    with pytest.raises(DamagedCheckpointError):
        read_checkpoint(path)


def test_the_previous_intact_checkpoint_is_used_and_the_damaged_one_named(tmp_path: Path, capsys):
    paths = [write(tmp_path, step) for step in (1, 2, 3)]
    paths[2].write_bytes(b"")
    assert list(valid_checkpoints(tmp_path)) == [paths[1], paths[0]]
    loud = capsys.readouterr().err
    assert loud.count("\n") == 1
    assert str(paths[2]) in loud
    assert checkpoints_of(tmp_path) == paths[::-1]


@pytest.mark.parametrize("fault", ["fsync", "replace"])
def test_a_full_disk_keeps_the_old_file_and_leaves_no_rest(fault: str, tmp_path: Path, monkeypatch):
    path = write(tmp_path, 1, 1.0)

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.os, fault, full)
    with pytest.raises(UserError, match="No space left"):
        write(tmp_path, 1, 2.0)
    monkeypatch.undo()
    assert float(read_checkpoint(path)["state_dict"]["w"][0]) == 1.0
    assert list(path.parent.iterdir()) == [path]


class Payload:
    """What a malicious file would hold: unpickling it calls a function."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self):
        return os.mkdir, (str(self.canary),)


def test_a_checkpoint_cannot_run_code(tmp_path: Path):
    canary, path = tmp_path / "canary", checkpoint_path(tmp_path, 1)
    write_checkpoint({"state_dict": Payload(canary), HEADER_KEY: {}}, path)
    with pytest.raises(Exception, match="Weights only load failed"):
        read_checkpoint(path)
    assert not canary.exists()


def test_left_overs_of_a_killed_writer_are_swept(tmp_path: Path):
    path = write(tmp_path, 1)
    (path.parent / ".step-000000002.ckpt.123.tmp").write_text("half")
    assert sweep_left_overs(tmp_path) == 1
    assert list(path.parent.iterdir()) == [path]


def test_another_configuration_is_refused_key_by_key(tmp_path: Path):
    path = write(tmp_path, 1)
    refuse_other_config(path, "f", {})
    with pytest.raises(UserError, match=r"in\.k was 2, is now 3; lr was 1, is now None"):
        refuse_other_config(path, "g", {"in": {"k": 3}})


def test_a_refusal_names_only_what_has_to_be_the_same(tmp_path: Path):
    path = write(tmp_path, 1)
    now = {"lr": 2, "in": {"k": 2}, "hardware": {"name": "8gb"}, "resume": str(tmp_path)}
    with pytest.raises(UserError) as refused:
        refuse_other_config(path, "g", now)
    assert refused.value.cause.endswith("another configuration: lr was 1, is now 2")


def test_weights_with_nan_or_infinity_are_not_finite():
    assert all_finite({"a": torch.ones(3), "b": torch.tensor([1])})
    assert not all_finite({"a": torch.tensor([1.0, float("nan")])})
    assert not all_finite({"a": torch.tensor([float("inf")])})
