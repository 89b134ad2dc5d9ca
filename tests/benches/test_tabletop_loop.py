"""The plain loop runs over our scenes, with MuJoCo's renderer and with ours."""

import pytest

from nsca.benches.measurement import figures_in_own_process
from nsca.worlds.gl import probe


@pytest.mark.slow
@pytest.mark.parametrize("renderer", [[], ["--fast"]])
def test_it_draws(renderer: list[str]):
    if probe().backend is None:
        pytest.skip("no GL backend draws here")
    figures = figures_in_own_process("nsca.benches.tabletop_loop", "--seconds", "0.2", *renderer)
    assert figures["frames_per_s"] > 1.0
