"""The frame, around a gate that an agent must pass and one that it must fail."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_gates import TOSSES, CoinGate, coin
from omegaconf import DictConfig, OmegaConf

from nsca.errors import UserError
from nsca.gates import run
from nsca.gates.gate import Cell, CellResult
from nsca.gates.run import CellSpecification, checked_cells, run_cell, run_gate
from nsca.gates.verdict import Kind, Verdict
from nsca.job_table import Job, JobTable
from nsca.run_card import load_run_card
from nsca.run_directory import RunDirectory


def cfg_of(gate: CoinGate) -> DictConfig:
    names = ("question", "knowledge", "threshold")
    return OmegaConf.create({"gate": {name: getattr(gate, name) for name in names}})


def start(gate: CoinGate, place: Path, quick: bool = False) -> tuple[Path, Verdict]:
    return run_gate(gate, "coin", cfg_of(gate), quick=quick, workers=1, outputs=place)


@pytest.fixture
def inline(monkeypatch):
    """Cells run in this process: real workers would import the suite each time."""

    def run_missing(specifications, run, table, workers, log, report, threads):
        failures = []
        for spec in specifications:
            if spec.job in table.finished():
                continue
            outcome = run(spec, log / "log")
            if outcome.origin is None:
                failures.append(outcome)
            else:
                table.add(outcome.job, outcome.metrics, outcome.origin, outcome.series)
        return failures

    monkeypatch.setattr(run, "run_missing", run_missing)


def test_an_agent_that_knows_passes_and_leaves_its_record(tmp_path, inline):
    home, verdict = start(coin(knowledge=1.0), tmp_path)
    assert verdict.passed
    assert home.parent == tmp_path / "gate" / "coin"
    assert Verdict.read(home / "verdict.json") == verdict
    card = load_run_card(home)
    assert (card["status"], card["verdict"], card["seeds"]) == ("finished", "pass", [0, 1, 2, 3, 4])
    assert card["metrics"]["agent"] == 1.0
    for name in ("config.yaml", "results.csv", "jobs.csv", "table.md", "table.csv", "plot.svg"):
        assert (home / name).stat().st_size > 50, name
    assert (home / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert "Does it know?" in (home / "report.html").read_text()
    assert "tossing for agent" in (home / "logs" / "log").read_text()
    assert len(JobTable(home / "results.csv", run.ORIGIN).series_of(Job("agent", 0))["share"]) == 40


def test_an_agent_that_guesses_fails(tmp_path, inline):
    _, verdict = start(coin(knowledge=0.0), tmp_path)
    assert verdict.kind is Kind.FAIL
    assert not verdict.passed


def test_a_smoke_run_is_kept_apart_and_never_passes(tmp_path, inline):
    home, verdict = start(coin(), tmp_path, quick=True)
    assert home.parent.name == "coin-quick"
    assert (verdict.kind, verdict.passed) == (Kind.SMOKE, False)
    assert "SMOKE RUN" in (home / "table.md").read_text()
    assert "SMOKE RUN" in (home / "report.html").read_text()
    full, verdict = start(coin(), tmp_path)
    assert full.parent.name == "coin"
    assert verdict.passed
    assert "SMOKE RUN" not in (full / "report.html").read_text()


def test_the_same_settings_go_on_and_others_begin_anew(tmp_path, inline, monkeypatch):
    first, _ = start(coin(), tmp_path)
    before = (first / "results.csv").read_bytes()
    monkeypatch.setattr(run, "run_cell", lambda *_: pytest.fail("it ran again"))
    again, verdict = start(coin(), tmp_path)
    assert (again, verdict.passed) == (first, True)
    assert (first / "results.csv").read_bytes() == before
    monkeypatch.undo()
    monkeypatch.setattr(run, "run_missing", lambda *_, **__: [])
    monkeypatch.setattr(run, "rows_of", lambda *_: pytest.fail("a new table is empty"))
    others = [
        (coin(knowledge=0.5), {}),
        (coin(seeds=[5, 6, 7, 8, 9]), {}),
        (coin(), {"code_fingerprint": lambda _: "other code"}),
        (coin(), {"package_versions": lambda: {"torch": "1.0"}}),
    ]
    for gate, changes in others:
        with monkeypatch.context() as patch:
            for name, value in changes.items():
                patch.setattr(run, name, value)
            with pytest.raises(pytest.fail.Exception, match="empty"):
                start(gate, tmp_path)
    assert len(list((tmp_path / "gate" / "coin").iterdir())) == 1 + len(others)


def test_figures_are_those_of_the_seed_whatever_ran_before(tmp_path):
    gate = coin(knowledge=0.5)
    one, two = gate.cells(quick=False)[:2]
    origin = {"commit": "", "settings": ""}

    def result(cell: Cell) -> CellResult:
        outcome = run_cell(CellSpecification(gate, cell, origin), tmp_path / "log")
        return CellResult(outcome.metrics, outcome.series)

    first = result(one)
    result(two)
    assert result(one) == first


def test_cells_that_failed_are_named_and_the_rest_is_kept(tmp_path, inline):
    with pytest.raises(UserError, match="2 of 10 cells failed") as failure:
        start(coin(obstacle="fails"), tmp_path)
    assert "agent seed=3: RuntimeError: the coin is lost" in failure.value.cause
    (home,) = (tmp_path / "gate" / "coin").iterdir()
    assert load_run_card(home)["status"] == "failed"
    assert not (home / "verdict.json").exists()
    assert "Traceback" in (home / "logs" / "log").read_text()
    assert len(JobTable(home / "results.csv", run.ORIGIN).finished()) == 8
    again, verdict = start(coin(), tmp_path)  # the obstacle is none of the settings
    assert (again, verdict.passed) == (home, True)


def test_a_figure_that_is_not_finite_is_a_failure(tmp_path, monkeypatch):
    gate = coin()
    monkeypatch.setattr(CoinGate, "run", lambda *_: CellResult({"right": float("nan")}))
    spec = CellSpecification(gate, gate.cells(quick=False)[0], {})
    assert "not finite: right" in (run_cell(spec, tmp_path / "log").error or "")


def test_a_table_of_other_settings_is_refused(tmp_path, inline):
    home, _ = start(coin(), tmp_path)
    jobs = home / "jobs.csv"
    settings = JobTable(home / "results.csv", run.ORIGIN).origin_of(Job("agent", 0))["settings"]
    jobs.write_text(jobs.read_text().replace(settings, "123456789abc"))
    with pytest.raises(UserError, match="other settings"):
        start(coin(), tmp_path)


def test_a_gate_that_is_running_is_not_run_twice(tmp_path, inline):
    home, _ = start(coin(), tmp_path)
    held = RunDirectory.reopen(tmp_path / "gate" / "coin" / home.name)
    try:
        with pytest.raises(UserError, match="another process runs this gate"):
            start(coin(), tmp_path)
    finally:
        held.release()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([Cell("guesser", 0, {}), Cell("guesser", 0, {})], "same arm and seed"),
        ([Cell("agent", 0, {})], "reference"),
        ([Cell("guesser", 0, {}), Cell("a/b", 0, {})], "names a file"),
    ],
)
def test_cells_that_cannot_be_are_refused(monkeypatch, cells, message):
    monkeypatch.setattr(CoinGate, "cells", lambda *_: cells)
    with pytest.raises(ValueError, match=message):
        checked_cells(coin(), quick=False)


SCRIPT = """
from pathlib import Path
from fake_gates import coin
from gates.test_run import cfg_of
from nsca.gates.run import run_gate
gate = coin(obstacle="waits")
home, verdict = run_gate(
    gate, "coin", cfg_of(gate), quick=False, workers=2, outputs=Path("outputs")
)
print(verdict.kind)
print(home)
"""


def started(place: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )


def finished(place: Path) -> int:
    """How many cells are in the table."""
    tables = list((place / "outputs").glob("gate/coin/*/jobs.csv"))
    return sum(len(table.read_text().splitlines()) - 1 for table in tables)


def test_a_gate_that_is_killed_goes_on_with_real_workers_and_ends_the_same(tmp_path, inline):
    with started(tmp_path) as process:
        deadline = time.monotonic() + 120
        while finished(tmp_path) < 6:  # the cells of seeds 0, 1, 2; those of seed 3 wait
            assert time.monotonic() < deadline
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    (tmp_path / "go").touch()
    with started(tmp_path) as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "6 jobs done before, 4 to run" in said
    *_, kind, home = said.splitlines()
    assert kind == "pass"
    straight, _ = start(coin(), tmp_path / "straight")
    for name in ("table.csv", "verdict.json"):
        assert (tmp_path / home / name).read_bytes() == (straight / name).read_bytes()
    figures = [
        sorted((place / "results.csv").read_text().splitlines())
        for place in (tmp_path / home, straight)
    ]
    assert figures[0] == figures[1]
    assert load_run_card(tmp_path / home)["status"] == "finished"
    assert len(load_run_card(tmp_path / home)["starts"]) == 2
    assert json.loads((straight / "verdict.json").read_text())["figures"]["agent"] == 1.0
    assert TOSSES == 400
