"""bench.json has a row for every question, and each is ours over the right baseline."""

import json
from pathlib import Path

import pytest

from nsca import bench
from nsca.benches.babbling import PARTS
from nsca.errors import UserError

OURS = {"frames_per_s": 1500.0, "interactions_per_min": 3000.0, "worker_memory_growth": 1.01}
OURS |= {f"share_{part}": 0.2 for part in PARTS}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every loop answers at once with made-up figures."""

    def figures(module: str, *arguments: str) -> dict[str, float]:
        if module.endswith("metaworld_loop"):
            return {"frames_per_s": 12.0}
        if module.endswith("tabletop_loop"):
            return {"frames_per_s": 900.0 if "--fast" in arguments else 50.0}
        if module.endswith("evaluation_loop"):
            return {"steps_per_s": {"ours": 9000.0, "metaworld": 2000.0}.get(arguments[1], 6000.0)}
        if "--phase" in arguments:
            return {"steps_per_s": 1.0, "input_share": 0.03}
        share = {"8": 0.07, "64": 0.04}[arguments[arguments.index("--batch") + 1]]
        ratios = {"ratio_low": 0.93, "ratio": 0.96, "ratio_high": 0.99}
        return {"steps_per_s": 19.0, "bare_steps_per_s": 20.0, "input_share": share, **ratios}

    monkeypatch.setattr(bench, "figures_in_own_process", figures)
    monkeypatch.setattr(bench, "generate", lambda *_, **__: OURS)


@pytest.mark.usefixtures("measured")
def test_rows(tmp_path: Path, capsys: pytest.CaptureFixture):
    output = tmp_path / "bench.json"
    assert bench.main(["--output", str(output)]) == 0
    rows = json.loads(output.read_text())
    assert rows["babble_vs_metaworld"]["ratio"] == 1500 / 12
    assert rows["babble_vs_plain_tabletop"]["ratio"] == 1500 / 50
    assert rows["renderer_vs_mujoco_renderer"]["ratio"] == 900 / 50
    assert rows["babble_interactions"]["ratio"] == 1.5
    assert rows["trainer_vs_bare_loop_batch_8"]["ratio"] == pytest.approx(0.95)
    assert rows["trainer_vs_bare_loop_batch_64_ratio_low"]["ratio"] == 0.93
    assert rows["vision_input_share_batch_8"]["ratio"] == 0.07
    assert rows["vision_input_share_batch_64"]["ratio"] == 0.04
    for phase in ("audio_input_share_batch_64", "full_input_share_batch_32"):
        assert rows[phase]["ratio"] == 0.03
    assert rows["evaluation_vs_metaworld"]["ratio"] == 4.5
    assert rows["evaluation_vs_processes"]["ratio"] == 1.5
    assert {f"babble_share_{part}" for part in PARTS} < set(rows)
    assert all(set(row) == {"ratio", "ours", "baseline", "unit"} for row in rows.values())
    assert capsys.readouterr().out.splitlines()[-1] == str(output)


def test_a_loop_that_fails_is_two_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    def fail(*_: str) -> dict[str, float]:
        raise UserError("no GL", "install it")

    monkeypatch.setattr(bench, "figures_in_own_process", fail)
    assert bench.main([]) == 2
    assert capsys.readouterr().err == "error: no GL\n  fix: install it\n"
    monkeypatch.setenv("NSCA_TRACEBACK", "1")
    assert bench.main([]) == 2
    assert "Traceback" in capsys.readouterr().err
    assert not Path("outputs").exists()
