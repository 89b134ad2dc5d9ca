"""Progress: honest numbers, a bar on a terminal, and few lines where nobody watches."""

import io
import sys

import pytest

from nsca.data import generation_progress
from nsca.data.generation import Progress
from nsca.data.generation_progress import describe, shown_progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def halfway() -> Progress:
    return Progress(
        interactions=50,
        interactions_done=30,
        kept_interactions=10,
        unstable_episodes=2,
        elapsed_s=0.5,
        seconds={"physics": 3.0, "render": 1.0},
    )


def test_a_line_says_how_much_how_fast_and_where_the_time_goes() -> None:
    # 20 interactions of 32 frames were made in this run's half second; 10 had been there.
    assert describe(halfway()) == (
        "30/50 interactions; 10 of them kept; 1,280 frames/s; physics 75%, render 25%; "
        "2 unstable episodes dropped"
    )


def test_nothing_is_said_of_what_is_not_known_yet() -> None:
    assert describe(Progress(interactions=50)) == "0/50 interactions"


def test_off_a_terminal_lines_are_rare_and_on_stderr(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(generation_progress.time, "monotonic", lambda: now[0])
    with shown_progress() as show:
        for passed in (1.0, 8.0, 2.0, 3.0, 9.0):  # at 1, 9, 11, 14 and 23 s
            now[0] += passed
            show(halfway())
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [describe(halfway())] * 2  # at 11 s and at 23 s


def test_a_terminal_gets_a_bar_on_stderr(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with shown_progress() as show:
        show(halfway())
    assert "30/50" in terminal.getvalue()
    assert "1,280 frames/s" in terminal.getvalue()
    assert capsys.readouterr().out == ""
