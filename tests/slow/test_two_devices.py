"""`python -m nsca.train hardware.devices=2` as a person types it, and with torchrun."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from training_server import STEPS, last_row, the_run, tiny_run, write_pictures

from nsca.checkpoint import checkpoints_of, read_header
from nsca.run_card import load_run_card

pytestmark = pytest.mark.slow
TORCHRUN = ["-m", "torch.distributed.run", "--nproc-per-node=2"]


def start(project: Path, launcher: list[str], overrides: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *launcher, "-m", "nsca.train", *overrides, "hardware.devices=2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(project), "PATH": "", "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.parametrize("launcher", [[], TORCHRUN], ids=["alone", "torchrun"])
def test_one_command_trains_in_two_processes(project: Path, tmp_path: Path, launcher: list[str]):
    pictures = write_pictures(tmp_path / "pictures")
    overrides = [*tiny_run(pictures, tmp_path), "resume=auto"]
    running = start(project, launcher, overrides)
    while last_row(tmp_path) < 11:
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=60)
    run = the_run(tmp_path)
    assert load_run_card(run)["status"] == "interrupted", said
    assert said.count("SIGTERM: finishing this step and saving") == 1
    assert read_header(checkpoints_of(run)[0]).step == last_row(tmp_path) + 1
    if not launcher:
        assert running.returncode == 143

    running = start(project, launcher, overrides)
    shown, said = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert shown.splitlines() == [str(run)]
    assert load_run_card(run)["samples"] == STEPS * 16


def test_a_mistake_of_both_is_said_once(project: Path, tmp_path: Path):
    pictures = write_pictures(tmp_path / "pictures")
    settings = [*tiny_run(pictures, tmp_path), "effective_batch=1000"]
    running = start(project, [], settings)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 2
    assert said.count("fewer than the effective batch of 1000") == 1
    assert "Traceback" not in said
