"""Events from the record of an interaction: contact, impulse, break, bounce, lift.

A pair's force is split into what lasts (its morphological opening over 50 ms: rest, grip) and what
stands out of it: each pulse that stands out is an `impulse`, and the first touch after a pause is a
`contact` (what stands on the table from the start is none). Thresholds are ours.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64
from scipy.ndimage import grey_opening

from nsca.worlds.tabletop.contact_log import PAIR_BASE
from nsca.worlds.tabletop.interaction import (
    FRAMES,
    FRAMES_PER_S,
    PHYSICS_DT_S,
    STEPS_PER_CONTROL,
    Event,
)
from nsca.worlds.tabletop.scene import FIRST_OBJECT, HAND, TABLE

PULSE_STEPS = 21  # 52 ms: longer loads are no impacts
PAUSE_STEPS = 20  # 50 ms without force: the next touch is a new contact
FIRST_TOUCH_STEPS = 4  # impulse of a touch that has no pulse
MIN_PULSE_N = 0.3
MIN_IMPULSE_N_S = 0.002
BOUNCE_SPEED_M_S = 0.12
LIFT_HEIGHT_M = 0.02
SPAWN_S = 0.02  # what touches this early touched from the start

Trace = Float64[np.ndarray, "control object 13"]


def entity_name(entity: int) -> str:
    """`table`, `hand`, `object0`..."""
    if entity >= FIRST_OBJECT:
        return f"object{entity - FIRST_OBJECT}"
    return {TABLE: "table", HAND: "hand"}[entity]


def contact_events(
    pairs: Int64[np.ndarray, " pair"], forces_n: Float64[np.ndarray, "pair step"]
) -> list[Event]:
    """Contact and impulse events; `a` is the hand where it takes part, else the object."""
    if len(pairs) == 0:
        return []
    pulses = forces_n - grey_opening(forces_n, size=(1, PULSE_STEPS))
    found: list[Event] = []
    for code, force, pulse in zip(pairs.tolist(), forces_n, pulses, strict=True):
        low, high = divmod(code, PAIR_BASE)
        a, b = (low, high) if low == HAND else (high, low)
        names = entity_name(a), entity_name(b)
        starts, stops = _runs(pulse > MIN_PULSE_N)
        sums = np.concatenate([[0.0], np.cumsum(pulse)])
        impulses = (sums[stops] - sums[starts]) * PHYSICS_DT_S
        for start, impulse in zip(starts.tolist(), impulses.tolist(), strict=True):
            if impulse >= MIN_IMPULSE_N_S:
                found.append(Event(start * PHYSICS_DT_S, "impulse", *names, impulse))
        onsets, ends = _runs(force > 0.0)
        previous = -PAUSE_STEPS
        for onset, end in zip(onsets.tolist(), ends.tolist(), strict=True):
            if onset - previous >= PAUSE_STEPS and (onset > 0 or a == HAND):
                first = float(force[onset : onset + FIRST_TOUCH_STEPS].sum()) * PHYSICS_DT_S
                found.append(Event(onset * PHYSICS_DT_S, "contact", *names, first))
            previous = end
    return found


def bounce_events(impacts: Sequence[Event], trace: Trace) -> list[Event]:
    """Objects that fell on the table and came up again; magnitude: rebound speed, m/s."""
    found = []
    last: dict[str, float] = {}
    for event in impacts:
        if event.kind != "impulse" or event.b != "table" or not event.a.startswith("object"):
            continue
        if event.time_s - last.get(event.a, -1.0) < 0.05:
            continue
        control = int(event.time_s / (PHYSICS_DT_S * STEPS_PER_CONTROL))
        vertical = trace[:, int(event.a.removeprefix("object")), 9]
        before = float(vertical[max(control - 1, 0) : control + 1].min())
        after = float(vertical[control + 1 : control + 6].max(initial=0.0))
        if before < -BOUNCE_SPEED_M_S and after > BOUNCE_SPEED_M_S:
            found.append(Event(event.time_s, "bounce", event.a, "table", after))
            last[event.a] = event.time_s
    return found


def lift_event(
    target: int,
    rest_z_m: float,
    trace: Trace,
    pairs: Int64[np.ndarray, " pair"],
    forces_n: Float64[np.ndarray, "pair step"],
) -> Event | None:
    """First moment when the hand alone carries the target over its resting height."""
    by_hand = _pair_force(pairs, forces_n, HAND, FIRST_OBJECT + target)
    by_table = _pair_force(pairs, forces_n, TABLE, FIRST_OBJECT + target)
    height_m = trace[:, target, 2] - rest_z_m
    carried = (by_hand > 0) & (by_table <= 0)
    lifted = carried[::STEPS_PER_CONTROL][: len(height_m)] & (height_m > LIFT_HEIGHT_M)
    lifted = lifted[2:] & lifted[1:-1] & lifted[:-2]  # three controls in a row, 25 ms
    if not lifted.any():
        return None
    time_s = int(np.argmax(lifted)) * PHYSICS_DT_S * STEPS_PER_CONTROL
    height = float(height_m[2:][lifted].max())
    return Event(time_s, "lift", "hand", f"object{target}", height)


def first_contact_frame(
    target: int, pairs: Int64[np.ndarray, " pair"], forces_n: Float64[np.ndarray, "pair step"]
) -> int:
    """First frame at which the hand had already touched the target, -1 where none shows that."""
    touched = _pair_force(pairs, forces_n, HAND, FIRST_OBJECT + target) > 0
    if not touched.any():
        return -1
    time_s = int(np.argmax(touched)) * PHYSICS_DT_S
    if time_s < SPAWN_S:
        return 0
    frame = int(np.ceil(time_s * FRAMES_PER_S - 1e-9))
    return frame if frame < FRAMES else -1  # touched after the last picture


def _pair_force(pairs, forces_n, low: int, high: int) -> Float64[np.ndarray, " step"]:
    which = np.flatnonzero(pairs == low * PAIR_BASE + high)
    return forces_n[which[0]] if len(which) else np.zeros(forces_n.shape[1])


def _runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends (exclusive) of the runs of True."""
    edges = np.diff(mask.astype(np.int8), prepend=0, append=0)
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
