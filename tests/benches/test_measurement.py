"""Rates and medians are what they say."""

import json
import sys
import time
from pathlib import Path

import pytest

from nsca.benches.measurement import Measurement, figures_in_own_process, medians, rate, write
from nsca.errors import UserError


def test_rate_counts_what_the_work_returns(monkeypatch: pytest.MonkeyPatch):
    clock = iter(range(100))
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(clock)))
    # Looked at after 1, 2, 3 and 4 seconds: three calls of 5 within 4 seconds.
    assert rate(lambda: 5, seconds=4.0) == 15 / 4


def test_ratio_and_row():
    row = Measurement(ours=300.0, baseline=3.0, unit="frames/s").row()
    assert row == {"ratio": 100.0, "ours": 300.0, "baseline": 3.0, "unit": "frames/s"}


def test_median_of_each_figure():
    rounds = [{"a": 1.0, "b": 9.0}, {"a": 5.0, "b": 7.0}, {"a": 2.0, "b": 8.0}]
    assert medians(rounds) == {"a": 2.0, "b": 8.0}


def module(folder: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    (folder / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return name


def test_figures_are_the_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text = "import sys\nprint('on the way')\nprint('{\"x\": %s}' % sys.argv[1])"
    name = module(tmp_path, "loud", text, monkeypatch)
    assert figures_in_own_process(name, "2.5") == {"x": 2.5}


def test_a_failing_process_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    name = module(tmp_path, "broken", "raise SystemExit('no such thing')", monkeypatch)
    with pytest.raises(UserError, match="broken ended with status 1: no such thing") as caught:
        figures_in_own_process(name)
    assert f"{sys.executable} -m broken" in caught.value.remedy


def test_file_is_replaced(tmp_path: Path):
    path = tmp_path / "deep" / "bench.json"
    write(path, {"old": Measurement(1.0, 1.0, "frames/s")})
    write(path, {"new": Measurement(2.0, 1.0, "frames/s")})
    assert json.loads(path.read_text()).keys() == {"new"}
    assert json.loads(path.read_text())["new"]["ratio"] == 2.0
    assert [each.name for each in path.parent.iterdir()] == ["bench.json"]
