"""Every profile and option has a row; what is measured stays, and what failed says why."""

import csv
from pathlib import Path

import pytest

from nsca.benches import profiles
from nsca.benches.profiles import OPTIONS, PROFILES, cases, measure_profiles, tables
from nsca.errors import UserError

DEVICE = profiles._device
STEPS = {"cpu": 1, "cuda": 2}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What was measured: this machine has an 8 GB card that compiling breaks."""
    calls: list[tuple[str, ...]] = []

    def figures(module: str, *arguments: str) -> dict[str, float]:
        calls.append(arguments)
        if "hardware.compile=true" in arguments:
            raise UserError("no compiler", "install one")
        found = {"planned_gb": 2.0, "peak_gb": 3.0, "samples_per_s": 100.0, "micro_batch": 32.0}
        if "--graphs" in arguments:
            found["samples_per_s"] = 150.0
        return found if "hardware=cpu" in arguments else found | {"busy": 0.5}

    monkeypatch.setattr(profiles, "PHASES", ("vision",))  # composing all takes a while
    monkeypatch.setattr(profiles, "figures_in_own_process", figures)
    monkeypatch.setattr(profiles, "commit", lambda: "abc")
    monkeypatch.setattr(profiles, "_device", lambda case: f"a {case.accelerator}")
    return calls


def test_all_rows_and_their_tables(tmp_path: Path, asked: list[tuple[str, ...]]):
    path = tmp_path / "new" / "profiles.csv"
    rows = measure_profiles(path, STEPS)
    assert len(rows) == len(asked) == len(PROFILES) + len(OPTIONS)
    assert {a[-1] for a in asked if "hardware=cpu" in a} == {"1"}
    assert list(csv.DictReader(path.read_text().splitlines())) == rows
    vision = next(row for row in rows if (row["phase"], row["profile"]) == ("vision", "8gb"))
    assert (vision["effective_batch"], vision["micro_batch"]) == ("256", "32")  # memory ran out
    assert (vision["peak_gb"], vision["samples_per_s"], vision["busy"]) == ("3", "100", "0.5")
    text = tables(rows)
    assert "| vision, 8gb | 256 by 32 | 16-mixed | 2 | 3 | 100 | 0.5 |" in text
    assert "| vision, bf16, CUDA graphs | 2 | 3 | 150 | 0.5 | 1.50 |" in text
    assert "| vision, bf16, compiled | - | failed: no compiler | - | - | - |" in text


def test_an_interrupted_table_goes_on(tmp_path: Path, asked: list[tuple[str, ...]]):
    path = tmp_path / "profiles.csv"
    measure_profiles(path, STEPS)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], *lines[2:]]))  # without the first row
    asked.clear()
    measure_profiles(path, STEPS)
    assert len(asked) == 2  # and what failed
    assert path.read_text() == "".join(lines)


def test_other_code_measures_all_again(
    tmp_path: Path, asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "profiles.csv"
    measure_profiles(path, STEPS)
    asked.clear()
    monkeypatch.setattr(profiles, "commit", lambda: "def")
    measure_profiles(path, STEPS)
    assert len(asked) == len(list(cases()))


def test_without_a_gpu_rows_are_counted_and_those_of_one_stay(
    tmp_path: Path, asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "profiles.csv"
    measured = measure_profiles(path, STEPS)
    monkeypatch.setattr(profiles, "commit", lambda: "def")
    monkeypatch.setattr(profiles, "_device", DEVICE)
    monkeypatch.setattr(profiles, "may_have", lambda accelerator: accelerator == "cpu")
    monkeypatch.setattr(profiles, "figures_in_own_process", lambda *_: {"planned_gb": 2.0})
    kept = measure_profiles(path, STEPS)
    assert [row for row in kept if row["profile"] == "a100"] == [
        row for row in measured if row["profile"] == "a100"
    ]
    counted = measure_profiles(tmp_path / "new.csv", STEPS)
    assert "| vision, a100 | 256 by 256 | bf16-mixed | 2 | - | - | - |" in tables(counted)
