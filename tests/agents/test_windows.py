"""Windows: the right rows, the right speeds, and nothing from before things settled."""

import fake_scene
import numpy as np
import pytest
import torch

from nsca.agents.contacts import SETTLED
from nsca.agents.scene import scene_facts
from nsca.agents.windows import LENGTH, windows
from nsca.data.demonstrations import Demonstration

SHOWN = fake_scene.demonstration()
CUT = windows([SHOWN, SHOWN], scene_facts([SHOWN]))


def test_every_start_after_settling_is_a_window():
    each = len(SHOWN.actions) - LENGTH + 1 - SETTLED
    assert len(CUT) == 2 * each
    np.testing.assert_allclose(
        CUT.hand_m[0], SHOWN.observations[SETTLED : SETTLED + LENGTH + 1, :3]
    )
    assert CUT.place_m.shape == (2 * each, LENGTH + 1, 2, 3)


def test_speeds_are_metres_a_second():
    moved = SHOWN.observations[SETTLED, :3] - SHOWN.observations[SETTLED - 1, :3]
    np.testing.assert_allclose(CUT.hand_speed_m_s[0, 0], moved / 0.0125, rtol=1e-4)
    assert CUT.speed_m_s[0].abs().max() == 0


def test_taking_and_slicing_keep_rows_together():
    taken = CUT.take(torch.tensor([5, 2]))
    torch.testing.assert_close(taken.place_m[1], CUT.place_m[2])
    torch.testing.assert_close(CUT.slice(2, 3).hand_m, CUT.hand_m[2:3])


def test_what_is_too_short_for_one_window_is_refused():
    short = Demonstration(
        SHOWN.task,
        0,
        SHOWN.observations[:10],
        SHOWN.actions[:9],
        SHOWN.rewards[:9],
        SHOWN.success[:9],
    )
    with pytest.raises(ValueError, match="no demonstration has more than"):
        windows([short], scene_facts([SHOWN]))
