"""What is read from a generation's records, and that a real one is read."""

from pathlib import Path

import pytest

from nsca.benches import babbling
from nsca.benches.babbling import PARTS, figures, generate, memory_growth
from nsca.errors import UserError
from nsca.worlds.gl import probe


def test_memory_that_grows_is_seen():
    flat = [{"peak_memory_mb": peak} for peak in (300.0, 500.0, 500.0, 501.0, 502.0, 502.0)]
    leak = [{"peak_memory_mb": 300.0 + 100.0 * shard} for shard in range(10)]
    assert memory_growth(flat) == pytest.approx(502 / 500)
    assert memory_growth(leak) == pytest.approx(1200 / 500)


def test_figures_of_a_card():
    metrics = {f"babble/share_{part}": 0.2 for part in PARTS}
    metrics |= {"babble/frames_per_s": 1000.0, "babble/interactions": 100.0}
    found = figures(metrics, 30.0, [{"peak_memory_mb": 10.0}])
    assert found["interactions_per_min"] == 200.0
    assert found["frames_per_s"] == 1000.0
    assert sum(found[f"share_{part}"] for part in PARTS) == pytest.approx(1.0)


def test_a_failure_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(babbling.sys, "executable", "false")
    with pytest.raises(UserError, match="babbling failed"):
        generate(10, tmp_path / "set", seed=0)


@pytest.mark.slow
def test_a_real_generation(tmp_path: Path):
    if probe().backend is None:
        pytest.skip("no GL backend draws here")
    found = generate(10, tmp_path / "set", seed=0)
    assert found["frames_per_s"] > 1
    assert 0.9 < sum(found[f"share_{part}"] for part in PARTS) <= 1.001
