from pathlib import Path

import pytest
from fake_card import change_card
from omegaconf import OmegaConf

from nsca.callbacks.diagnosis import DIAGNOSES, recorded_diagnoses
from nsca.errors import UserError
from nsca.loggers.csv_log import CsvLog, read_metrics
from nsca.resuming import choose_start, find_finished
from nsca.run_directory import RunDirectory


def a_run(root: Path, fingerprint: str, status: str) -> Path:
    run = RunDirectory.claim(root, "x")
    run.write_config(OmegaConf.create({"seed": 0}))
    with run.card("train", 0, config_fingerprint=fingerprint, data_fingerprint="d"):
        pass
    change_card(run.path, status=status)
    run.release()
    return run.path


def test_never_takes_a_new_directory(tmp_path: Path):
    old = a_run(tmp_path, "f", "running")
    start = choose_start("never", tmp_path, "x", "f", "d", {})
    assert start.run.path != old
    assert start.checkpoint is None
    start.run.release()


def test_auto_takes_the_newest_unfinished_free_run_of_the_same_configuration(tmp_path: Path):
    a_run(tmp_path, "f", "failed")
    wanted = a_run(tmp_path, "f", "running")
    a_run(tmp_path, "other", "running")
    held = RunDirectory.reopen(a_run(tmp_path, "f", "running"))
    CsvLog(wanted).log_metrics({"a": 1.0}, step=0)
    (wanted / DIAGNOSES).write_text('{"step": 1, "name": "n", "evidence": "e", "remedy": "r"}\n')
    start = choose_start("auto", tmp_path, "x", "f", "d", {})
    assert start.run.path == wanted
    assert recorded_diagnoses(wanted) == []
    assert read_metrics(wanted) == [], "without a checkpoint it begins again"
    start.run.release()
    held.release()


def test_auto_without_any_run_takes_a_new_directory(tmp_path: Path):
    start = choose_start("auto", tmp_path, "x", "f", "d", {})
    assert start.run.path.is_dir()
    start.run.release()


def test_a_finished_run_is_found_unless_a_newer_one_is_unfinished(tmp_path: Path):
    done = a_run(tmp_path, "f", "finished")
    assert find_finished("auto", tmp_path, "x", "f", "d") == done
    assert find_finished("never", tmp_path, "x", "f", "d") is None
    assert find_finished("auto", tmp_path, "x", "g", "d") is None
    a_run(tmp_path, "f", "interrupted")
    assert find_finished("auto", tmp_path, "x", "f", "d") is None


def test_a_directory_of_another_configuration_or_none_is_refused_and_let_go(tmp_path: Path):
    other = a_run(tmp_path, "f", "running")
    with pytest.raises(UserError, match="another configuration"):
        choose_start(str(other), tmp_path, "x", "g", "d", {})
    RunDirectory.reopen(other).release()
    with pytest.raises(UserError, match="not a run directory"):
        choose_start(str(tmp_path), tmp_path, "x", "g", "d", {})


def test_a_run_on_other_data_is_neither_taken_up_nor_taken_for_done(tmp_path: Path):
    done, cut = a_run(tmp_path, "f", "finished"), a_run(tmp_path, "g", "running")
    assert find_finished("auto", tmp_path, "x", "f", "d") == done
    assert find_finished("auto", tmp_path, "x", "f", "new") is None
    start = choose_start("auto", tmp_path, "x", "g", "new", {})
    assert start.run.path not in {done, cut}
    start.run.release()
    with pytest.raises(UserError, match="other data"):
        choose_start(str(cut), tmp_path, "x", "g", "new", {})
