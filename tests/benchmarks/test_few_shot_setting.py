"""A setting is one line of text, and what it cannot mean is refused."""

import pytest

from nsca.benchmarks.few_shot_setting import Setting
from nsca.errors import UserError


def test_a_line_is_read_and_named():
    setting = Setting.parse("soccer-v3 friction=0.3 action_noise=0.1")
    assert (setting.task, setting.physics.friction, setting.action_noise) == ("soccer-v3", 0.3, 0.1)
    assert setting.physics.gravity == 1.0
    assert setting.slug == "soccer-v3_friction=0.3_action_noise=0.1"
    assert Setting.parse("push-v3").slug == "push-v3"


def test_an_unknown_task_is_answered_with_the_nearest():
    with pytest.raises(UserError) as refusal:
        Setting.parse("socer-v3")
    assert "soccer-v3" in refusal.value.remedy


@pytest.mark.parametrize("text", ["soccer-v3 fricton=0.3", "soccer-v3 friction=low"])
def test_an_unknown_factor_is_refused(text):
    with pytest.raises(ValueError, match=r"fricton|could not convert"):
        Setting.parse(text)


def test_impossible_physics_is_refused_when_it_is_read():
    with pytest.raises(ValueError, match="mass"):
        Setting.parse("soccer-v3 mass=0")
