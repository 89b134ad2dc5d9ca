"""What happened, in three forms: events, sound, one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy.random import Generator

from nsca.worlds.contact_sound import Impact, SoundBody, synthesise
from nsca.worlds.tabletop.events import (
    Trace,
    bounce_events,
    contact_events,
    first_contact_frame,
    lift_event,
)
from nsca.worlds.tabletop.interaction import AUDIO_RATE_HZ, AUDIO_SAMPLES, Event
from nsca.worlds.tabletop.kinds import ObjectInstance
from nsca.worlds.tabletop.utterances import utter

TABLE_SOUND = SoundBody(hardness=0.55, damping=0.75, size_m=0.2, mass_kg=3.0, seed=1)
HAND_SOUND = SoundBody(hardness=0.4, damping=0.85, size_m=0.06, mass_kg=0.6, seed=2)
LOUDEST_IMPACTS = 24
SAME_TOUCH_S = 0.03


@dataclass(frozen=True)
class Story:
    """Events in order of time, and what follows from them."""

    events: list[Event]
    audio: Float32[np.ndarray, "25600"]
    utterance: str
    first_contact_frame: int
    sound_seconds: float


def sound_body(instance: ObjectInstance) -> SoundBody:
    """An object's sound: hardness rings, softness is dead."""
    return SoundBody(
        hardness=instance.hardness,
        damping=min(max(0.85 - 0.75 * instance.hardness, 0.0), 1.0),
        size_m=instance.size_m,
        mass_kg=instance.mass_kg,
        seed=instance.sound_seed,
    )


def tell(
    objects: Sequence[ObjectInstance],
    primitive: str,
    target: int,
    pairs: Int64[np.ndarray, " pair"],
    forces_n: Float64[np.ndarray, "pair step"],
    trace: Trace,
    breaks: Sequence[Event],
    rng: Generator,
) -> Story:
    """Everything that is derived from an interaction's record."""
    touching = contact_events(pairs, forces_n)
    instance = objects[target]
    rest_z_m = instance.shape.half_z * instance.size_m
    events = [*touching, *breaks, *bounce_events(touching, trace)]
    lifted = lift_event(target, rest_z_m, trace, pairs, forces_n)
    if lifted is not None:
        events.append(lifted)
    events.sort(key=lambda event: (event.time_s, event.kind, event.a, event.b))
    before = perf_counter()
    audio = synthesise(_impacts(objects, events), AUDIO_SAMPLES, AUDIO_RATE_HZ, rng)
    sound_seconds = perf_counter() - before
    return Story(
        events=events,
        audio=audio,
        utterance=utter(primitive, instance, target, events, trace[:, target], audio),
        first_contact_frame=first_contact_frame(target, pairs, forces_n),
        sound_seconds=sound_seconds,
    )


def _impacts(objects: Sequence[ObjectInstance], events: Sequence[Event]) -> list[Impact]:
    """Pulses, breaks, and touches too gentle for a pulse; the loudest of them."""
    bodies = {"table": TABLE_SOUND, "hand": HAND_SOUND}
    bodies |= {f"object{index}": sound_body(instance) for index, instance in enumerate(objects)}
    pulses = [event for event in events if event.kind in ("impulse", "break")]
    touches = [
        event
        for event in events
        if event.kind == "contact"
        and event.time_s > 0.0
        and not any(
            (pulse.a, pulse.b) == (event.a, event.b)
            and abs(pulse.time_s - event.time_s) < SAME_TOUCH_S
            for pulse in pulses
        )
    ]
    loudest = sorted([*pulses, *touches], key=lambda event: -event.magnitude)[:LOUDEST_IMPACTS]
    impacts = []
    for event in sorted(loudest, key=lambda event: event.time_s):
        impacts.append(
            Impact(
                event.time_s,
                bodies[event.a],
                bodies[event.b],
                event.magnitude,
                breaks=event.kind == "break",
            )
        )
    return impacts
