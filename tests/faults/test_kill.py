"""Kills and terminations at seeded moments, inside saves too: resumed runs end bit-identical."""

import random
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

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures") / "all")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainingServer]:
    with TrainingServer(tmp_path_factory.mktemp("server") / "log") as running:
        yield running


@pytest.fixture(scope="module")
def expected(server, pictures, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    outputs = tmp_path_factory.mktemp("uninterrupted")
    assert server.run(tiny_run(pictures, outputs)) == 0
    return digest_of(the_run(outputs))


@pytest.mark.parametrize("number", range(15))
def test_killed_between_two_seeded_moments(number, server, pictures, expected, tmp_path: Path):
    rng = random.Random(100 + number)
    first, second = sorted(rng.sample(range(1, STEPS - 3), 2))
    command = [*tiny_run(pictures, tmp_path), "resume=auto"]
    for moment in (first, second):
        server.signal_when(command, signal.SIGKILL, lambda at=moment: last_row(tmp_path) >= at)
    assert server.run(command) == 0
    assert digest_of(the_run(tmp_path)) == expected


@pytest.mark.parametrize("number", range(10))
def test_terminated_anywhere_in_a_step_it_saves(number, server, pictures, expected, tmp_path: Path):
    """The moment follows from a clock and not from a row, so that it falls anywhere in a step."""
    rng = random.Random(200 + number)
    moment, late_s = rng.randrange(1, STEPS - 10), rng.uniform(0.0, 0.2)

    def reached() -> bool:
        if last_row(tmp_path) < moment:
            return False
        time.sleep(late_s)
        return True

    command = [*tiny_run(pictures, tmp_path), "resume=auto"]
    assert server.signal_when(command, signal.SIGTERM, reached) == 128 + signal.SIGTERM
    run = the_run(tmp_path)
    assert read_header(checkpoints_of(run)[0]).step == last_row(tmp_path) + 1
    assert server.run(command) == 0
    assert digest_of(run)["state_dict"] == expected["state_dict"]
    assert digest_of(run)["metrics"] == expected["metrics"]


@pytest.mark.parametrize("number", range(1, 6))
def test_killed_inside_a_save(number, server, pictures, expected, tmp_path: Path):
    command = [*tiny_run(pictures, tmp_path), "resume=auto"]
    assert server.run([*command, f"kill-in-save={number}"]) == -signal.SIGKILL
    assert server.run(command) == 0
    run = the_run(tmp_path)
    assert digest_of(run) == expected
    assert list(run.rglob(".*.tmp")) == []
