"""The baseline is a real one: it draws Meta-World's pictures."""

import pytest

from nsca.benches.measurement import figures_in_own_process
from nsca.worlds.gl import probe


@pytest.mark.slow
def test_it_draws():
    if probe().backend is None:
        pytest.skip("no GL backend draws here")
    figures = figures_in_own_process("nsca.benches.metaworld_loop", "--seconds", "0.2")
    assert figures["frames_per_s"] > 0.5
