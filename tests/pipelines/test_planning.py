from pathlib import Path

import pytest

from nsca.pipelines import planning
from nsca.pipelines.journal import Journal, State, StepRecord
from nsca.pipelines.planning import hardware_profiles, print_pipeline
from nsca.pipelines.progress import Progress
from nsca.plan import Plan

HOUR_S = 3600.0


@pytest.fixture
def plans(monkeypatch) -> list[str]:
    """A training takes an hour on the processor, measured, and a quarter elsewhere; the profiles
    that plans were made for.
    """
    asked: list[str] = []

    def make_plan(cfg) -> Plan:
        asked.append(cfg.hardware.name)
        here = cfg.hardware.name == "cpu"
        seconds = HOUR_S if here else HOUR_S / 4
        cost = seconds / HOUR_S * cfg.hardware.cost_per_hour
        return Plan(100, False, 64, 64, 1, {}, 1.0, seconds, here, cost)

    monkeypatch.setattr(planning, "make_plans", lambda configs: [make_plan(c) for c in configs])
    return asked


def shown(capsys, first: str) -> list[list[str]]:
    """Rows of the table that begins with a word, split where there is more than one space."""
    lines = capsys.readouterr().out.splitlines()
    table = lines[next(n for n, line in enumerate(lines) if line.startswith(first)) :]
    table = table[: table.index("")] if "" in table else table
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in table]


def test_every_profile_is_there_and_prices_come_from_it(project):
    profiles = hardware_profiles(["hardware=8gb", "hardware.cost_per_hour=0.01"]).values()
    files = (project / "conf/hardware").glob("*.yaml")
    assert {each.name for each in profiles} == {path.stem for path in files}
    prices = {each.name: each.cost_per_hour for each in profiles}
    assert list(prices.values()) == sorted(prices.values())
    assert prices["8gb"] == 0.01


def test_times_and_costs_of_what_is_missing_on_every_profile(pipeline, shared, plans, capsys):
    print_pipeline(Progress(pipeline, shared, Journal(Path("."))), "fake")
    rows = {row[0]: row[1:] for row in shown(capsys, "time to come")}
    names = rows["time to come"]
    assert set(plans) == set(names)
    a100, cpu = names.index("a100"), names.index("cpu")
    assert rows["vision"][cpu] == "60 min"
    assert rows["vision"][a100] == "15 min*"
    assert rows["balloon"][cpu] == rows["balloon"][a100] == "2 min*"
    assert rows["vision_judged"][cpu] == "unknown*"
    assert rows["in all"][cpu] == "2.0 h*"
    assert rows["in all"][a100] == "33 min*"
    assert rows["cost, USD"][cpu] == "0.00*"
    assert rows["cost, USD"][a100] == "1.10*", "33 minutes at 2 USD an hour"


def test_states_needs_and_gates_are_told(pipeline, shared, plans, capsys):
    progress = Progress(pipeline, shared, Journal(Path(".")))
    run = Path("outputs/data/1")
    run.mkdir(parents=True)
    (run / "run.json").write_text('{"status": "finished", "data_fingerprint": "d"}')
    identity = progress.identity("babbling", progress.command("babbling"))
    progress.has_finished("babbling", StepRecord(State.DONE, identity, str(run), 34.0))
    progress.journal.write("vision", StepRecord(State.STOPPED))
    print_pipeline(progress, "fake")
    rows = {row[0]: row[1:] for row in shown(capsys, "step")}
    assert rows["babbling"] == ["data set", "done in 34 s"]
    assert rows["vision"] == ["trained run", "babbling", "balloon", "to run (was stopped)"]
    assert rows["audio"] == ["trained run", "babbling", "balloon", "to run"]
    assert len(plans) == 2 * len(hardware_profiles(shared.hardware))


def test_nothing_is_made(pipeline, shared, plans):
    print_pipeline(Progress(pipeline, shared, Journal(Path("."))), "fake")
    assert list(Path(".").iterdir()) == []
