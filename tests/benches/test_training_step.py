"""Both loops take real steps on real babbling frames."""

from pathlib import Path

import pytest

from nsca.benches.babbling import generate
from nsca.benches.measurement import figures_in_own_process
from nsca.worlds.gl import probe


@pytest.mark.slow
def test_bare_loop_and_trainer(tmp_path: Path):
    if probe().backend is None:
        pytest.skip("no GL backend draws here")
    generate(20, tmp_path / "set", seed=0)
    arguments = (str(tmp_path / "set"), "--steps", "2", "--batch", "4")
    bare = figures_in_own_process("nsca.benches.training_step", *arguments)
    trainer = figures_in_own_process("nsca.benches.training_step", "--trainer", *arguments)
    assert bare["steps_per_s"] > 0
    assert trainer["steps_per_s"] > 0
    assert 0 < bare["input_share"] < 1


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["audio", "fusion", "dynamics", "full"])
def test_every_phase_waits_for_its_batches(phase: str, tmp_path: Path):
    if probe().backend is None:
        pytest.skip("no GL backend draws here")
    generate(20, tmp_path / "set", seed=0)
    options = ("--trainer", "--phase", phase, "--steps", "2", "--batch", "4")
    found = figures_in_own_process("nsca.benches.training_step", str(tmp_path / "set"), *options)
    assert 0 < found["input_share"] < 1
