"""Both loops take real steps on real babbling frames."""

from pathlib import Path

import pytest

from nsca.benches.babbling import generate
from nsca.benches.measurement import figures_in_own_process
from nsca.benches.training_step import BLOCK_STEPS, compare
from nsca.worlds.gl import probe


def test_blocks_are_compared_with_their_neighbours():
    """A machine that becomes twice as slow half-way changes rates, not the ratio."""
    found = compare([1.0, 1.0, 2.0, 2.0], [0.9, 0.9, 1.8, 1.8], input_s=0.54)
    assert found["ratio_low"] == found["ratio"] == found["ratio_high"] == pytest.approx(0.9)
    assert found["input_share"] == pytest.approx(0.1)
    assert found["steps_per_s"] == pytest.approx(BLOCK_STEPS / 1.5)


@pytest.mark.slow
def test_bare_loop_and_trainer_take_turns(tmp_path: Path):
    if probe().backend is None:
        pytest.skip("no GL backend draws here")
    generate(20, tmp_path / "set", seed=0)
    steps = 2 * BLOCK_STEPS
    arguments = (str(tmp_path / "set"), "--steps", str(steps), "--batch", "4")
    found = figures_in_own_process("nsca.benches.training_step", *arguments)
    assert found["steps_per_s"] > 0
    assert found["bare_steps_per_s"] > 0
    assert found["ratio_low"] <= found["ratio"] <= found["ratio_high"]
    assert 0 < found["input_share"] < 1


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["audio", "fusion", "dynamics", "full"])
def test_every_phase_waits_for_its_batches(phase: str, tmp_path: Path):
    if probe().backend is None:
        pytest.skip("no GL backend draws here")
    generate(20, tmp_path / "set", seed=0)
    options = ("--phase", phase, "--steps", "2", "--batch", "4")
    found = figures_in_own_process("nsca.benches.training_step", str(tmp_path / "set"), *options)
    assert 0 < found["input_share"] < 1
