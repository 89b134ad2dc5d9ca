"""Sentences say what happened, in words one could have found by looking and listening."""

import re

import numpy as np
import pytest

from nsca.worlds.tabletop.interaction import Event
from nsca.worlds.tabletop.utterances import colour_name, utter


def said(make, primitive: str, *events: Event, way_m: float = 0.0, audio=None) -> str:
    trace = np.zeros((128, 13))
    trace[64:, 0] = way_m
    sound = np.zeros(25_600, np.float32) if audio is None else audio
    box = make("box_hollow", colour=(0.9, 0.1, 0.1))
    return utter(primitive, box, 0, list(events), trace, sound)


HIT = Event(0.1, "contact", "hand", "object0", 0.1)


def ring(frequency_hz: float, decay_per_s: float) -> np.ndarray:
    time_s = np.arange(25_600) / 16_000
    return (0.5 * np.sin(2 * np.pi * frequency_hz * time_s) * np.exp(-decay_per_s * time_s)).astype(
        np.float32
    )


@pytest.mark.parametrize(
    ("sound", "word"),
    [((3000, 5), "rang"), ((300, 5), "hummed"), ((3000, 200), "clicked"), ((300, 200), "thudded")],
)
def test_a_strike_tells_motion_and_sound(make, sound, word) -> None:
    told = said(make, "strike", HIT, way_m=0.05, audio=ring(*sound))
    assert told == f"the hand struck the red box and it slid and {word}"


def test_outcomes(make) -> None:
    assert said(make, "push") == "the hand did not touch the red box"
    assert said(make, "push", HIT) == "the hand pushed the red box and it stayed"
    assert said(make, "lift", HIT) == "the hand could not lift the red box"
    lifted = Event(0.5, "lift", "hand", "object0", 0.1)
    assert said(make, "lift", HIT, lifted) == "the hand lifted the red box"
    broken = Event(0.2, "break", "object0", "hand", 0.1)
    assert (
        said(make, "strike", HIT, broken, way_m=0.1) == "the hand struck the red box and it broke"
    )
    other = Event(0.2, "break", "object1", "hand", 0.1)
    assert "broke" not in said(make, "strike", HIT, other)


def test_no_numbers_and_no_names_of_kinds(make, play) -> None:
    for primitive in ("strike", "drop", "push", "lift"):
        for kind in ("egg_raw", "slab_sticky", "puck_magnetic"):
            told = play(primitive, make(kind))[1].utterance
            assert not re.search(r"\d|_", told)
            for word in ("raw", "sticky", "magnetic", "fragile", "heavy", "kg"):
                assert word not in told


def test_colours() -> None:
    named = [colour_name(rgb) for rgb in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 0.1))]
    assert named == ["red", "green", "blue", "yellow", "red"]
