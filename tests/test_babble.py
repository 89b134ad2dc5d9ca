"""`python -m nsca.babble` on the real world: the same bytes for any number of workers, signals."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from nsca.data.babbling_store import content_fingerprint, read_manifest

SMALL = ("interactions=24", "interactions_per_episode=2", "render=false")


def babble(path: Path, *overrides: str, **keywords) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "nsca.babble", f"path={path}", *overrides]
    return subprocess.run(command, capture_output=True, text=True, **keywords)


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("babble") / "one"
    done = babble(path, *SMALL, "workers=1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(path)
    return path


def test_the_bytes_do_not_depend_on_the_number_of_workers(one_worker: Path, tmp_path: Path) -> None:
    done = babble(tmp_path / "two", *SMALL, "workers=2")
    assert done.returncode == 0, done.stderr
    names = sorted(str(p.relative_to(one_worker)) for p in one_worker.rglob("*.parquet"))
    assert len(names) == 9
    for name in names:
        assert (one_worker / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    prints = [content_fingerprint(read_manifest(path)) for path in (one_worker, tmp_path / "two")]
    assert prints[0] == prints[1]


def test_the_run_card_says_how_it_went(one_worker: Path) -> None:
    card = json.loads((one_worker / "run.json").read_text())
    assert card["verb"] == "babble"
    assert card["status"] == "finished"
    assert card["metrics"]["babble/interactions"] == 24 + 2  # whole episodes in every split
    assert card["metrics"]["babble/frames_per_s"] > 0
    assert card["metrics"]["babble/share_physics"] > 0
    assert card["data_fingerprint"] == content_fingerprint(read_manifest(one_worker))


def test_the_real_world_passes_validation(one_worker: Path) -> None:
    from nsca.data.validation import babbling_problems

    assert list(babbling_problems(one_worker)) == []


def test_a_finished_set_is_kept_as_it_is(one_worker: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in one_worker.rglob("*.parquet")}
    measured = json.loads((one_worker / "run.json").read_text())["metrics"]
    done = babble(one_worker, *SMALL, "workers=0")
    assert done.returncode == 0
    assert {p: p.stat().st_mtime_ns for p in one_worker.rglob("*.parquet")} == before
    assert json.loads((one_worker / "run.json").read_text())["metrics"] == measured


def test_every_scene_has_as_many_objects_as_asked_for(tmp_path: Path) -> None:
    done = babble(tmp_path / "set", *SMALL, "objects_per_episode=1", "workers=0")
    assert done.returncode == 0, done.stderr
    shards = sorted((tmp_path / "set/observations").glob("*.parquet"))
    present = [
        names for path in shards for names in pq.read_table(path)["instance_ids"].to_pylist()
    ]
    assert len(present) >= 24
    assert all(len(names) == 1 for names in present)


def test_another_seed_is_refused_in_two_lines(one_worker: Path) -> None:
    done = babble(one_worker, *SMALL, "seed=5")
    assert done.returncode == 2
    assert "seed: 0 -> 5" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads((one_worker / "run.json").read_text())["status"] == "finished"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_cleanly_and_the_same_command_continues(
    tmp_path: Path, number: signal.Signals
) -> None:
    overrides = [f"path={tmp_path / 'set'}", "interactions=4000"]
    overrides += ["interactions_per_episode=1", "render=false", "workers=1"]
    command = [sys.executable, "-m", "nsca.babble", *overrides]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 120
        while not list((tmp_path / "set").glob("privileged/*.parquet")):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 128 + number, err.decode()
    assert b"Traceback" not in err
    assert f"{number.name}: finishing the shards in progress".encode() in err
    assert out.decode().splitlines()[-1] == str(tmp_path / "set")
    manifest = read_manifest(tmp_path / "set")
    written = sorted((tmp_path / "set" / "observations").iterdir())
    assert manifest["status"] == "partial"
    assert len(manifest["shards"]) == len(written) > 0
    assert not list((tmp_path / "set").rglob("*.tmp-*"))
    assert json.loads((tmp_path / "set/run.json").read_text())["status"] == "interrupted"


def test_without_gl_state_alone_is_generated_with_a_notice(tmp_path: Path) -> None:
    environment = {**os.environ, "MUJOCO_GL": "off"}
    done = babble(tmp_path / "set", *SMALL[:2], "workers=1", env=environment)
    assert done.returncode == 0, done.stderr
    assert "libegl1" in done.stderr
    assert read_manifest(tmp_path / "set")["configuration"]["render"] is False
    insisting = babble(tmp_path / "other", *SMALL[:2], "render=true", env=environment)
    assert insisting.returncode == 2
    assert "libosmesa6" in insisting.stderr


@pytest.mark.parametrize(
    ("override", "word"),
    [
        ("workers=999", "cores"),
        ("fractions.train=0.9", "fractions"),
        ("interactions=0", "interactions"),
        ("interactionz=10", "interactions"),
        ("render=perhaps", "auto, true or false"),
    ],
)
def test_mistakes_are_two_lines(tmp_path: Path, override: str, word: str) -> None:
    done = babble(tmp_path / "set", override)
    assert done.returncode == 2
    assert word in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2
    assert not (tmp_path / "set").exists()


def test_a_dry_run_makes_nothing(tmp_path: Path) -> None:
    done = babble(tmp_path / "set", "dry_run=true", "render=false")
    assert done.returncode == 0
    assert "1000 (32,000 frames)" in done.stdout
    assert not (tmp_path / "set").exists()
