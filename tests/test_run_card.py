import json
import math
import subprocess
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from nsca.errors import UserError
from nsca.run_card import (
    RunCard,
    commit,
    config_fingerprint,
    load_run_card,
    write_atomically,
)


def card(directory: Path) -> RunCard:
    return RunCard(directory, verb="x", seed=3, config_fingerprint="c", data_fingerprint="d")


def test_a_finished_run_says_what_it_was(tmp_path: Path):
    with card(tmp_path) as run:
        assert load_run_card(tmp_path)["status"] == "running"
        run.record({"val/loss": 0.5})
        run.samples = 10
    written = load_run_card(tmp_path)
    assert written["status"] == "finished"
    assert written["metrics"] == {"val/loss": 0.5}
    assert written["seed"] == 3
    assert written["samples"] == 10
    assert written["samples_per_s"] > 0
    assert written["seconds"] >= 0
    assert written["peak_memory_mb"] > 1
    assert {"torch", "python", "nsca"} <= set(written["versions"])
    assert written["hardware"]["cores"] >= 1
    assert written["data_fingerprint"] == "d"


@pytest.mark.parametrize(
    ("error", "status", "shown"),
    [
        (UserError("no data", "make some"), "failed", "no data"),
        (ZeroDivisionError("x"), "failed", "ZeroDivisionError: x"),
        (KeyboardInterrupt(), "interrupted", None),
    ],
)
def test_how_it_ended_is_recorded(tmp_path: Path, error: BaseException, status: str, shown):
    with pytest.raises(type(error)), card(tmp_path):
        raise error
    written = load_run_card(tmp_path)
    assert written["status"] == status
    assert written.get("error") == shown


def test_a_resumed_run_adds_up(tmp_path: Path):
    for _ in range(2):
        with card(tmp_path) as run:
            run.samples = 5
    written = load_run_card(tmp_path)
    assert written["samples"] == 10
    assert len(written["starts"]) == 2


def test_a_resumed_run_keeps_its_figures_until_they_are_measured_again(tmp_path: Path):
    with card(tmp_path) as run:
        run.record({"val/loss": 0.5, "steps": 10.0, "diverged": math.nan})
    with card(tmp_path) as run:
        run.record({"steps": 20.0})
    assert load_run_card(tmp_path)["metrics"] == {"val/loss": 0.5, "steps": 20.0}


def test_a_figure_that_is_not_finite_is_null(tmp_path: Path):
    with card(tmp_path) as run:
        run.record({"a": math.nan, "b": math.inf})
    text = (tmp_path / "run.json").read_text()
    assert json.loads(text)["metrics"] == {"a": None, "b": None}
    assert "NaN" not in text


def test_what_is_noted_is_there_at_once_and_to_the_end(tmp_path: Path):
    with card(tmp_path) as run:
        run.note(judged="a run")
        assert load_run_card(tmp_path)["judged"] == "a run"
        assert load_run_card(tmp_path)["status"] == "running"
    assert load_run_card(tmp_path)["judged"] == "a run"


def test_an_absent_or_damaged_card_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"no run\.json"):
        load_run_card(tmp_path)
    (tmp_path / "run.json").write_text('{"a": ')
    with pytest.raises(UserError, match="damaged"):
        load_run_card(tmp_path)


def test_the_fingerprint_is_of_what_is_computed_and_not_of_where():
    base = OmegaConf.create({"seed": 0, "resume": "never", "hardware": {"name": "cpu"}})
    elsewhere = OmegaConf.create({"seed": 0, "resume": "auto", "hardware": {"name": "8gb"}})
    busier = OmegaConf.merge(base, {"workers": 7, "outputs": "there"})
    other = OmegaConf.create({"seed": 1, "resume": "never", "hardware": {"name": "cpu"}})
    assert config_fingerprint(base) == config_fingerprint(elsewhere) == config_fingerprint(busier)
    assert config_fingerprint(base) != config_fingerprint(other)


def test_the_commit_is_that_of_the_code_in_memory(tmp_path: Path, monkeypatch):
    (tmp_path / "experiments").mkdir()
    (tmp_path / "nsca").mkdir()
    table, code = tmp_path / "experiments" / "results.csv", tmp_path / "nsca" / "run_card.py"

    def git(*command: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        asked = ["git", "-C", str(tmp_path), *who, *command]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()

    table.write_text("none yet")
    code.write_text("x = 1")
    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    monkeypatch.setattr("nsca.run_card.__file__", str(code))
    head = git("rev-parse", "HEAD")

    def asked() -> str:
        commit.cache_clear()
        return commit()

    try:
        table.write_text("a row")
        assert asked() == head, "a study extends its own table"
        code.write_text("x = 2")
        assert commit() == head, "what is in memory stays what it was"
        assert asked() == f"{head}-dirty"
    finally:
        commit.cache_clear()


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch):
    file = tmp_path / "x"
    write_atomically(file, b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nsca.run_card.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_secrets_of_the_environment_are_not_written(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "dummy-secret-0123456789")
    with card(tmp_path):
        pass
    assert "dummy-secret" not in (tmp_path / "run.json").read_text()
