import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest
from fake_card import change_card
from omegaconf import OmegaConf

from nsca.errors import UserError
from nsca.run_directory import RunDirectory, available_bytes, is_held, runs_like


def claim_one(root: str, barrier, answers) -> None:
    barrier.wait()
    run = RunDirectory.claim(Path(root), "race")
    answers.put(str(run.path))
    barrier.wait()  # hold the directory until everybody has one


def test_twenty_simultaneous_launches_get_twenty_directories(tmp_path: Path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["nsca.run_directory"])
    barrier, answers = context.Barrier(20), context.Queue()
    children = [
        context.Process(target=claim_one, args=(str(tmp_path), barrier, answers)) for _ in range(20)
    ]
    for child in children:
        child.start()
    claimed = [answers.get(timeout=120) for _ in children]
    for child in children:
        child.join()
    assert len(set(claimed)) == 20
    assert sorted(claimed) == sorted(str(path) for path in (tmp_path / "race").iterdir())


def test_a_held_directory_is_refused_and_free_after_release(tmp_path: Path):
    run = RunDirectory.claim(tmp_path, "x")
    run.write_config(OmegaConf.create({"seed": 1}))
    assert is_held(run.path)
    with pytest.raises(UserError, match="another process"):
        RunDirectory.reopen(run.path)
    run.release()
    assert not is_held(run.path)
    RunDirectory.reopen(run.path).release()


def test_a_directory_with_a_name_of_its_own_is_held_by_one(tmp_path: Path):
    place = tmp_path / "pipeline" / "demo"
    first = RunDirectory.at(place)
    assert is_held(place)
    with pytest.raises(UserError, match="another process") as refusal:
        RunDirectory.at(place)
    assert refusal.value.remedy == "wait for it"
    first.release()
    RunDirectory.at(place).release()


def test_a_child_that_inherits_the_lock_holds_the_directory_on(tmp_path: Path):
    run = RunDirectory.at(tmp_path)
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[run.lock_number]) as child:
        run.release()
        assert is_held(tmp_path)
        child.communicate(b"\n")
    assert not is_held(tmp_path)


def test_spaces_and_other_alphabets_in_paths(tmp_path: Path):
    run = RunDirectory.claim(tmp_path / "mes données é 実験", "a b")
    assert run.path.is_dir()
    run.release()


def test_a_folder_that_is_no_run_or_a_file_is_named(tmp_path: Path):
    with pytest.raises(UserError, match="not a run directory"):
        RunDirectory.reopen(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError):
        RunDirectory.claim(tmp_path / "file", "x")
    (tmp_path / "y").write_text("")
    with pytest.raises(UserError, match="is a file"):
        RunDirectory.claim(tmp_path, "y")
    with pytest.raises(UserError, match="cannot be written"):
        RunDirectory.at(tmp_path / "file")


def test_the_configuration_is_written_resolved(tmp_path: Path):
    run = RunDirectory.claim(tmp_path, "x")
    run.write_config(OmegaConf.create({"seed": 1, "other": "${seed}"}))
    assert OmegaConf.load(run.path / "config.yaml") == {"seed": 1, "other": 1}
    run.release()


def test_runs_of_a_configuration_come_newest_first_without_held_ones(tmp_path: Path):
    runs = [RunDirectory.claim(tmp_path, "x") for _ in range(4)]
    for number, run in enumerate(runs):
        with run.card("train", 0, config_fingerprint="a" if number else "b"):
            pass
    change_card(runs[1].path, status="running")
    for run in runs[:3]:
        run.release()
    found = list(runs_like(tmp_path / "x", "a", ""))
    assert found == [(runs[2].path, "finished"), (runs[1].path, "running")]
    assert list(runs_like(tmp_path / "x", "a", "other data")) == []
    runs[3].release()


def test_free_space_of_a_path_that_does_not_exist_yet(tmp_path: Path):
    assert available_bytes(tmp_path / "a" / "b") > 0
