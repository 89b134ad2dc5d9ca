"""Names of tasks, old ones and wrong ones."""

import pytest

from nsca.errors import UserError
from nsca.worlds.metaworld.task_names import TASKS, resolve_task


def test_the_list_is_the_packages() -> None:
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS

    assert set(TASKS) == set(ALL_V3_ENVIRONMENTS)
    assert len(TASKS) == 50


@pytest.mark.parametrize("name", ["pick-place", "pick-place-v3"])
def test_a_task_has_two_names(name, capsys) -> None:
    assert resolve_task(name) == "pick-place-v3"
    assert capsys.readouterr().err == ""


def test_an_old_name_is_accepted_with_a_notice(capsys) -> None:
    assert resolve_task("hammer-v2") == "hammer-v3"
    assert "hammer-v2 is hammer-v3 today" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "near"),
    [("pick-plaec", "pick-place"), ("hamer-v3", "hammer"), ("push-v2x", "push-v3")],
)
def test_an_unknown_task_is_answered_with_the_nearest(name, near) -> None:
    with pytest.raises(UserError) as error:
        resolve_task(name)
    assert name in error.value.cause
    assert near in error.value.remedy
