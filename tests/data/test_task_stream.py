"""Which stage a step belongs to."""

import pytest

from nsca.data.task_stream import TaskStream
from nsca.errors import UserError


def test_every_stage_has_its_share_of_the_steps_in_order():
    stream = TaskStream(["reach", "drop+push", "lift"])
    stages = [stream.stage_at(step, 12) for step in range(13)]
    assert stages == [0] * 4 + [1] * 4 + [2] * 5
    assert stream.tasks == ("reach", "drop", "push", "lift")
    assert stream.stage_of == {"reach": 0, "drop": 1, "push": 1, "lift": 2}


@pytest.mark.parametrize("steps", [3, 7, 12, 100])
def test_every_stage_ends_once(steps: int):
    stream = TaskStream(["a", "b", "c"])
    ends = [stream.ended_by(done, steps) for done in range(steps + 1)]
    assert [end for end in ends if end is not None] == [0, 1, 2]
    assert ends[-1] == 2
    assert ends[0] is None


def test_impossible_streams_are_named():
    for stages in ([], [""], ["push+"]):
        with pytest.raises(UserError, match="stages"):
            TaskStream(stages)
    with pytest.raises(UserError, match="push more than once"):
        TaskStream(["push", "drop+push"])
    with pytest.raises(UserError, match="how many steps"):
        TaskStream(["push"]).require_steps(-1)
    with pytest.raises(UserError, match="1 steps for a stream of 2 stages"):
        TaskStream(["push", "drop"]).require_steps(1)
