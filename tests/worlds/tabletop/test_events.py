"""Events from forces and traces written by hand."""

import numpy as np
import pytest

from nsca.worlds.tabletop.contact_log import PAIR_BASE
from nsca.worlds.tabletop.events import (
    bounce_events,
    contact_events,
    entity_name,
    first_contact_frame,
    lift_event,
)
from nsca.worlds.tabletop.interaction import FRAMES, PHYSICS_DT_S, Event
from nsca.worlds.tabletop.scene import FIRST_OBJECT, HAND, TABLE

STEPS = 640
ON_TABLE = TABLE * PAIR_BASE + FIRST_OBJECT
IN_HAND = HAND * PAIR_BASE + FIRST_OBJECT


def forces(**pulses) -> np.ndarray:
    force = np.zeros((1, STEPS))
    for span, value in pulses.items():
        start, stop = (int(part) for part in span.strip("_").split("_"))
        force[0, start:stop] = value
    return force


def test_a_pulse_is_a_contact_and_an_impulse_with_its_momentum() -> None:
    found = contact_events(np.array([IN_HAND]), forces(_100_104=50.0))
    assert [(event.kind, event.a, event.b) for event in found] == [
        ("impulse", "hand", "object0"),
        ("contact", "hand", "object0"),
    ]
    assert found[0].magnitude == pytest.approx(4 * 50.0 * PHYSICS_DT_S)
    assert found[0].time_s == pytest.approx(0.25)


def test_a_steady_load_is_no_impulse_but_a_blow_on_top_of_it_is() -> None:
    steady = contact_events(np.array([ON_TABLE]), forces(_0_640=4.0))
    assert steady == []
    force = forces(_0_640=4.0) + forces(_300_303=30.0)
    struck = contact_events(np.array([ON_TABLE]), force)
    impulse = [event for event in struck if event.kind == "impulse"]
    assert len(impulse) == 1
    assert impulse[0].magnitude == pytest.approx(3 * 30.0 * PHYSICS_DT_S)
    assert (impulse[0].a, impulse[0].b) == ("object0", "table")


def test_touching_again_after_a_pause_is_a_new_contact_chatter_is_not() -> None:
    chatter = contact_events(np.array([IN_HAND]), forces(_100_140=2.0, _145_180=2.0))
    assert sum(event.kind == "contact" for event in chatter) == 1
    again = contact_events(np.array([IN_HAND]), forces(_100_140=2.0, _200_240=2.0))
    assert sum(event.kind == "contact" for event in again) == 2


def test_nothing_touched_nothing_happened() -> None:
    assert contact_events(np.empty(0, np.int64), np.empty((0, STEPS))) == []
    assert first_contact_frame(0, np.empty(0, np.int64), np.empty((0, STEPS))) == -1


@pytest.mark.parametrize(
    ("step", "frame"), [(2, 0), (19, 1), (20, 1), (21, 2), (401, 21), (620, 31), (621, -1)]
)
def test_first_contact_frame_is_the_first_that_can_show_it(step: int, frame: int) -> None:
    force = forces(**{f"_{step}_{step + 5}": 3.0})
    assert first_contact_frame(0, np.array([IN_HAND]), force) == frame
    assert first_contact_frame(1, np.array([IN_HAND]), force) == -1


def fallen(rebound_m_s: float) -> tuple[list[Event], np.ndarray]:
    trace = np.zeros((FRAMES * 4, 1, 13))
    trace[30:40, 0, 9] = -1.0
    trace[41:50, 0, 9] = rebound_m_s
    return [Event(39 * 5 * PHYSICS_DT_S, "impulse", "object0", "table", 0.1)], trace


def test_a_bounce_needs_falling_and_coming_up_again() -> None:
    bounced = bounce_events(*fallen(0.6))
    assert [(event.kind, event.magnitude) for event in bounced] == [("bounce", 0.6)]
    assert bounce_events(*fallen(0.05)) == []
    impacts, trace = fallen(0.6)
    trace[:40, 0, 9] = 0.0
    assert bounce_events(impacts, trace) == []


def test_a_lift_is_in_the_hand_off_the_table_and_high_enough() -> None:
    trace = np.zeros((FRAMES * 4, 1, 13))
    trace[:, 0, 2] = 0.03
    trace[60:, 0, 2] = 0.09
    pairs = np.array([ON_TABLE, IN_HAND])
    force = np.concatenate([forces(_0_280=1.0), forces(_200_640=10.0)])
    lifted = lift_event(0, 0.03, trace, pairs, force)
    assert lifted is not None
    assert lifted.time_s == pytest.approx(0.75, abs=0.03)
    assert lifted.magnitude == pytest.approx(0.06)
    still_down = np.concatenate([forces(_0_640=1.0), forces(_200_640=10.0)])
    assert lift_event(0, 0.03, trace, pairs, still_down) is None
    thrown = np.concatenate([forces(_0_280=1.0), forces()])
    assert lift_event(0, 0.03, trace, pairs, thrown) is None


def test_names() -> None:
    assert [entity_name(code) for code in (0, 1, 2, 4)] == ["table", "hand", "object0", "object2"]
