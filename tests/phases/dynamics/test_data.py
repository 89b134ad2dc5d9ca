"""Windows of each step: pure functions of seed and step."""

import pytest
from phases.short_trainings import batches_seen
from phases.tiny_dynamics import Pushed, tiny_data, tiny_phase
from phases.tiny_fusion import Glowing
from phases.tiny_vision import MovingShapes

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
