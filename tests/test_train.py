import sys

import pytest

from nsca.composition import compose
from nsca.errors import UserError
from nsca.train import train


def test_a_dry_run_prints_the_plan_and_makes_no_directory(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert train(compose("train", ["dry_run=true", "model=nsca_tiny", "hardware=mps"])) is None
    assert "plan: phase=vision hardware=mps" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_absent_hardware_is_refused_before_training_is_imported(monkeypatch):
    monkeypatch.setattr("nsca.hardware.may_have", lambda _: False)
    monkeypatch.setitem(sys.modules, "nsca.training", None)  # importing it would fail
    with pytest.raises(UserError, match="has none"):
        train(compose("train", ["hardware=8gb"]))
