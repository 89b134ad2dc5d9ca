"""Verbs from the outside: exit codes, two-line errors, help, and no directories of Hydra's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nsca.errors import UserError
from nsca.verb import Ended, Stopped, launch


def run_verb(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    environment.pop("NSCA_TRACEBACK", None)
    command = [sys.executable, "-X", "importtime", "-m", "nsca.train", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def heavy(importtime: str) -> set[str]:
    imported = {line.rpartition("|")[2].strip() for line in importtime.splitlines()}
    return imported & {"torch", "lightning", "timm", "torchvision", "mujoco", "sklearn", "numpy"}


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--help"], 0), (["--cfg", "job"], 0), (["phase=visoin"], 2)]
)
def test_answers_come_before_anything_heavy_is_imported(
    arguments: list[str], code: int, tmp_path: Path
):
    done = run_verb(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert heavy(done.stderr) == set()
    assert list(tmp_path.iterdir()) == []
    if arguments == ["--help"]:
        assert "hardware: " in done.stdout
        assert "trainer.max_steps" in done.stdout
        assert "python -m nsca.train phase=vision" in done.stdout


def start(monkeypatch: pytest.MonkeyPatch, run, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["train", *arguments])
    with pytest.raises(SystemExit) as end:
        launch("train", run)
    return end.value.code


def test_the_last_line_is_the_run_directory(monkeypatch, capsys, tmp_path: Path):
    def run(cfg):
        print("something before")
        return tmp_path / f"run-{cfg.seed}"

    assert start(monkeypatch, run, "seed=5") == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "run-5")


def test_a_verb_may_end_with_a_code_of_its_own(monkeypatch, capsys, tmp_path: Path):
    assert start(monkeypatch, lambda _: Ended(tmp_path / "run", 4)) == 4
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "run")
    assert start(monkeypatch, lambda _: Ended(tmp_path / "run", 0)) == 0


def test_a_sweep_ends_with_the_lowest_code_that_is_not_zero(monkeypatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    code = start(monkeypatch, lambda cfg: Ended(tmp_path, cfg.seed), "-m", "seed=0,4,3")
    assert code == 3


def test_a_user_error_is_two_lines_and_a_bug_keeps_its_traceback(monkeypatch, capsys):
    def mistaken(cfg):
        raise UserError("no data", "make some")

    assert start(monkeypatch, mistaken) == 2
    assert capsys.readouterr().err == "error: no data\n  fix: make some\n"

    def broken(cfg):
        raise ZeroDivisionError

    assert start(monkeypatch, broken) == 1
    assert "Traceback" in capsys.readouterr().err


def test_the_traceback_of_a_user_error_is_shown_when_asked_for(monkeypatch, capsys):
    def mistaken(cfg):
        raise UserError("no data", "make some")

    monkeypatch.setenv("NSCA_TRACEBACK", "1")
    assert start(monkeypatch, mistaken) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_full_disk_is_named(monkeypatch, capsys):
    def full(cfg):
        raise OSError(28, "No space left on device", "outputs/x")

    assert start(monkeypatch, full) == 2
    assert "no space left while writing outputs/x" in capsys.readouterr().err


def test_stopping_and_interrupting_have_their_codes(monkeypatch, capsys, tmp_path: Path):
    def stopped(cfg):
        raise Stopped(tmp_path, 143)

    assert start(monkeypatch, stopped) == 143
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path)

    def interrupted(cfg):
        raise KeyboardInterrupt

    assert start(monkeypatch, interrupted) == 130


def test_a_sweep_runs_every_job_and_lists_the_failed_ones(monkeypatch, capsys, tmp_path: Path):
    seen = []

    def run(cfg):
        seen.append((cfg.seed, cfg.trainer.max_steps))
        if cfg.seed == 1:
            raise UserError("seed 1 is unlucky", "take another")
        return tmp_path / str(cfg.seed)

    monkeypatch.chdir(tmp_path)
    assert start(monkeypatch, run, "-m", "seed=0,1,2", "trainer.max_steps=5") == 2
    assert seen == [(0, 5), (1, 5), (2, 5)]
    shown = capsys.readouterr()
    assert [Path(line).name for line in shown.out.splitlines()] == ["0", "2"]
    assert "failed: seed=1" in shown.err
    assert {path.name for path in tmp_path.iterdir()} <= {"outputs"}


def test_a_sweep_with_a_bug_in_one_job_ends_with_1(monkeypatch, tmp_path: Path):
    def run(cfg):
        if cfg.seed == 1:
            raise UserError("seed 1 is unlucky", "take another")
        raise ZeroDivisionError

    monkeypatch.chdir(tmp_path)
    assert start(monkeypatch, run, "-m", "seed=1,2") == 1


def test_a_sweep_over_all_choices_of_a_group(monkeypatch, capsys, tmp_path: Path):
    seen = []
    monkeypatch.chdir(tmp_path)
    assert start(monkeypatch, lambda cfg: seen.append(cfg.name), "-m", "model=glob(*)") == 0
    assert seen == ["vision-nsca", "vision-nsca_tiny"]


def test_a_sweep_that_cannot_be_listed_is_a_mistake_and_no_bug(monkeypatch, capsys):
    assert start(monkeypatch, print, "-m", "phase.temperature=interval(0,1)") == 2
    assert "CHOICE and RANGE" in capsys.readouterr().err


def test_a_wrong_value_in_a_sweep_is_refused_before_its_first_job(monkeypatch, capsys):
    seen = []
    assert start(monkeypatch, seen.append, "-m", "hardware=cpu,cpuu") == 2
    assert seen == []
    assert "cpu" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argument", "suggested"),
    [
        ("nsca_tiny", "model=nsca_tiny"),
        ("hardwar", "hardware="),
        ("--experimental-rerun=x", "resume"),
    ],
)
def test_arguments_of_the_wrong_form_are_explained(monkeypatch, capsys, argument, suggested):
    assert start(monkeypatch, lambda _: None, argument) == 2
    assert suggested in capsys.readouterr().err
