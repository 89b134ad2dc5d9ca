"""A training of two processes from the outside: one run directory, one voice, and it can resume."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from training_server import (
    STEPS,
    TrainingServer,
    digest_of,
    last_row,
    the_run,
    tiny_run,
    write_pictures,
)

from nsca.checkpoint import checkpoints_of, read_header
from nsca.composition import compose
from nsca.errors import UserError
from nsca.following import follow_training
from nsca.loggers.csv_log import read_metrics
from nsca.run_card import load_run_card


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("data") / "pictures")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server") / "log"


@pytest.fixture(scope="module")
def server(log: Path) -> Iterator[TrainingServer]:
    with TrainingServer(log) as running:
        yield running


def command(pictures: Path, outputs: Path) -> list[str]:
    several = ["ranks=2", "hardware.devices=2", "resume=auto"]
    return [*tiny_run(pictures, outputs), "hardware.micro_batch.default=5", *several]


@pytest.fixture(scope="module")
def uninterrupted(
    server: TrainingServer, pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    outputs = tmp_path_factory.mktemp("uninterrupted")
    server.start_ranks(command(pictures, outputs))
    assert server.wait_ranks() == [0, 0]
    return the_run(outputs)


def test_the_first_process_alone_keeps_the_run(uninterrupted: Path, log: Path):
    card = load_run_card(uninterrupted)
    assert (card["status"], card["samples"]) == ("finished", STEPS * 16)
    rows = read_metrics(uninterrupted)
    assert [s for s, name, _ in rows if name == "train/loss"] == list(range(STEPS))
    assert [s for s, name, _ in rows if name == "val/loss"] == [8, 17, 26, 35]
    assert read_header(checkpoints_of(uninterrupted)[0]).step == STEPS
    said = log.read_text()
    assert said.count(f"step {STEPS}/{STEPS} ") == 1
    assert said.count(str(uninterrupted)) == 1


def test_a_signal_to_one_stops_both_and_the_run_resumes_bit_identical(
    server: TrainingServer, pictures: Path, uninterrupted: Path, tmp_path: Path
):
    _, second = server.start_ranks(command(pictures, tmp_path))
    while last_row(tmp_path) < 11:
        time.sleep(0.01)
    os.kill(second, signal.SIGTERM)
    assert server.wait_ranks() == [143, 0]
    run = the_run(tmp_path)
    assert load_run_card(run)["status"] == "interrupted"
    assert read_header(checkpoints_of(run)[0]).step == last_row(tmp_path) + 1
    for _ in range(2):  # the second time it is finished, and both learn so
        server.start_ranks(command(pictures, tmp_path))
        assert server.wait_ranks() == [0, 0]
    assert digest_of(the_run(tmp_path)) == digest_of(uninterrupted)


def test_a_mistake_that_only_this_process_has_is_said_after_a_while(tmp_path: Path, monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr("nsca.following.time.sleep", waited.append)
    with pytest.raises(UserError, match="nowhere"):
        follow_training(compose("train", tiny_run(tmp_path / "nowhere", tmp_path / "out")))
    assert waited
