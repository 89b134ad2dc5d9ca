"""Windows of each step: pure functions of seed and step."""

import numpy as np
import pytest
from phases.short_trainings import batches_seen
from phases.tiny_dynamics import Pushed, tiny_data, tiny_phase
from phases.tiny_fusion import Glowing
from phases.tiny_vision import MovingShapes

from nsca.data.curriculum import Curriculum
from nsca.errors import UserError


def test_a_resumed_run_sees_what_an_uninterrupted_one_would(tmp_path):
    def seen(steps: int, **how: object) -> list[tuple[int, float]]:
        return batches_seen(
            tiny_phase(), tiny_data(), steps, lambda b: b.physical.double().sum().item(), **how
        )

    whole = seen(5)
    assert len({fingerprint for _, fingerprint in whole}) == 5
    seen(2, save=tmp_path / "a.ckpt")
    assert seen(5, checkpoint=tmp_path / "a.ckpt") == whole[2:]


def test_bad_sources_are_named():
    with pytest.raises(UserError, match="one sense alone"):
        tiny_data(source=MovingShapes())
    with pytest.raises(UserError, match="what is done and where things are"):
        tiny_data(source=Glowing()).setup("fit")
    with pytest.raises(UserError, match=r"physical state of 1 moments is not finite.*clip 1"):
        tiny_data(source=Pushed(broken=True)).setup("fit")
    with pytest.raises(UserError, match="no clip of 12 moments"):
        tiny_data(ahead=9).setup("fit")


def test_windows_in_which_much_moves_come_later_and_a_resumed_run_sees_the_same(tmp_path):
    def seen(steps: int, **how: object) -> list[tuple[int, float]]:
        data = tiny_data(effective_batch=16, curriculum=Curriculum(enabled=True, epochs=1))
        speeds = slice(3, 6)
        return batches_seen(
            tiny_phase(),
            data,
            steps,
            lambda b: b.physical[..., speeds].norm(dim=-1).mean().item(),
            **how,
        )

    rows = tiny_data().stored("train")
    starts, length = rows.starts, rows.length
    by_hand = [np.linalg.norm(rows.physical[s : s + length, 3:6], axis=1).mean() for s in starts]
    assert rows.motion() == pytest.approx(np.array(by_hand), rel=1e-5)
    whole = seen(6)
    assert len(rows) // 3 == 24
    assert whole[0][1] < 0.75 * np.mean([motion for _, motion in whole[-2:]])
    seen(2, save=tmp_path / "a.ckpt")  # within the easier two thirds
    assert seen(6, checkpoint=tmp_path / "a.ckpt") == whole[2:]
