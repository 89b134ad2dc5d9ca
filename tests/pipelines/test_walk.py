"""Several steps at once, and ends of the walk, through real processes whose commands do nothing."""

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from fake_pipeline import ALL, HOME, ran, states

from nsca.errors import UserError
from nsca.hardware import usable_cores
from nsca.pipelines import walk as walk_module
from nsca.pipelines.child import Child
from nsca.pipelines.journal import Journal, State
from nsca.pipelines.walk import shares_of_cores
from nsca.verb import Stopped


class Beginning(Child):
    """A child as the executor begins it, after something else has happened."""

    then: ClassVar[Callable[[str], None]]

    def __init__(self, verb: str, overrides: Sequence[str], log: Path, **settings) -> None:
        type(self).then(log.stem)
        super().__init__(verb, overrides, log, **settings)


@pytest.fixture
def as_each_begins(monkeypatch):
    """Sets what happens as a step begins, by its name."""

    def then(action: Callable[[str], None]) -> None:
        monkeypatch.setattr(Beginning, "then", staticmethod(action), raising=False)
        monkeypatch.setattr(walk_module, "Child", Beginning)

    return then


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_stop_is_told_to_the_caller(walk, as_each_begins, two_cores, at_once: int):
    Path("waits-balloon").touch()
    Path("waits-babble").touch()
    last = ["balloon", "babbling"][at_once - 1]
    as_each_begins(lambda name: os.kill(os.getpid(), signal.SIGINT) if name == last else None)
    with pytest.raises(Stopped) as stop:
        walk(at_once=at_once)
    assert stop.value.exit_code == 128 + signal.SIGINT
    assert stop.value.run_directory == HOME
    assert list(states().values()) == [State.STOPPED] * at_once


@pytest.fixture
def two_cores(monkeypatch) -> None:
    """Whatever this machine has, two steps may share it."""
    cores = usable_cores()
    monkeypatch.setattr(walk_module, "usable_cores", lambda: [cores[0], cores[-1]])


def test_steps_that_do_not_need_each_other_run_side_by_side(
    walk, as_each_begins, two_cores, capsys
):
    """Each of two waits until the other has begun."""
    Path("waits-vision").touch()
    Path("waits-audio").touch()
    begun: list[str] = []

    def then(name: str) -> None:
        begun.append(name)
        if {"vision", "audio"} <= set(begun):
            Path("waits-vision").unlink(missing_ok=True)
            Path("waits-audio").unlink(missing_ok=True)

    as_each_begins(then)
    assert sorted(walk(at_once=2)) == sorted(ALL)
    assert begun[-3:] == ["vision", "audio", "vision_judged"], "first what others wait for"
    assert set(states().values()) == {State.DONE}
    lines = Path("commands.txt").read_text().splitlines()
    asked = {line.split(":")[0]: "workers=1" in line for line in lines}
    assert asked["balloon"], "the gate's file says two, and it has one core"
    assert not asked["vision"]
    shown = capsys.readouterr()
    assert "vision: doing vision" in shown.err
    assert shown.out.splitlines()[-1] == f"report: {HOME}/report.html"
    assert walk(at_once=2) == []


def test_at_once_a_failure_holds_up_no_others(walk, two_cores):
    Path("fails-vision").touch()
    with pytest.raises(UserError, match="vision failed: vision is broken"):
        walk(at_once=2)
    assert sorted(ran()) == ["audio", "babble", "balloon", "vision"]
    assert states()["vision_judged"] is State.WAITING


def test_side_by_side_each_has_its_share_of_the_cores(monkeypatch, capsys):
    monkeypatch.setattr(walk_module, "usable_cores", lambda: [0, 2, 3, 5, 7])
    assert shares_of_cores(1) == [frozenset()]
    assert shares_of_cores(2) == [{0, 3, 7}, {2, 5}]
    assert capsys.readouterr().err == ""
    assert shares_of_cores(6) == shares_of_cores(None) == [{0}, {2}, {3}, {5}, {7}]
    assert "steps_at_once=6, but this machine gives 5 cores" in capsys.readouterr().err


def test_an_error_of_the_walk_leaves_no_command_behind(walk, as_each_begins, two_cores):
    Path("waits-balloon").touch()

    def then(name: str) -> None:
        if name == "babbling":
            raise RuntimeError("as after a bug")

    as_each_begins(then)
    with pytest.raises(RuntimeError, match="as after a bug"):
        walk(at_once=2)
    assert not os.path.exists(f"/proc/{Journal(HOME).records['balloon'].process}")
