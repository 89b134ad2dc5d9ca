"""A short sentence about what happened: colour, shape, event and sound, all of them perceivable.

Never a number, never a kind's name, never a hidden property. How it sounded is judged by the sound
itself: how bright it is and how long it lasts.
"""

from collections.abc import Sequence
from colorsys import rgb_to_hsv

import numpy as np
from jaxtyping import Float32, Float64

from nsca.worlds.tabletop.interaction import AUDIO_RATE_HZ, Event
from nsca.worlds.tabletop.kinds import ObjectInstance

HUES = (
    (0.04, "red"), (0.11, "orange"), (0.19, "yellow"), (0.45, "green"), (0.53, "turquoise"),
    (0.7, "blue"), (0.82, "purple"), (0.95, "pink"), (1.01, "red"),
)  # fmt: skip
SAID = {
    "reach": "reached for", "grasp": "gripped", "lift": "lifted", "shake": "shook",
    "drop": "dropped", "strike": "struck", "push": "pushed",
}  # fmt: skip
MOVED_M = 0.01
SILENT = 1e-3
BRIGHT_HZ = 1_200.0
LONG_S = 0.06


def colour_name(rgb: tuple[float, float, float]) -> str:
    """The everyday name of a colour."""
    hue, _, _ = rgb_to_hsv(*rgb)
    return next(name for limit, name in HUES if hue < limit)


def utter(
    primitive: str,
    instance: ObjectInstance,
    target: int,
    events: Sequence[Event],
    trace: Float64[np.ndarray, "control 13"],
    audio: Float32[np.ndarray, " sample"],
) -> str:
    """One sentence about one interaction."""
    name = f"object{target}"
    thing = f"the {colour_name(instance.colour)} {instance.kind.appearance.shape}"
    mine = [event for event in events if name in (event.a, event.b)]
    touched = any(event.a == "hand" for event in mine)
    happened = {event.kind for event in mine}
    if not touched:
        return f"the hand did not touch {thing}"
    if primitive in ("lift", "shake") and "lift" not in happened:
        said = f"the hand could not lift {thing}"
    elif primitive == "drop" and "lift" not in happened:
        said = f"the hand let go of {thing}"
    else:
        said = f"the hand {SAID[primitive]} {thing}"
    outcomes = []
    if "break" in happened:
        outcomes.append("broke")
    else:
        if "bounce" in happened:
            outcomes.append("bounced")
        outcomes.extend(_moved(primitive, trace))
    sound = _sound(audio)
    if sound and primitive in ("strike", "drop", "shake"):
        outcomes.append(sound)
    return f"{said} and it {' and '.join(outcomes)}" if outcomes else said


def _moved(primitive: str, trace: Float64[np.ndarray, "control 13"]) -> list[str]:
    if primitive not in ("strike", "push"):
        return []
    way_m = float(np.hypot(*(trace[-1, :2] - trace[0, :2])))
    if way_m < MOVED_M:
        return ["stayed"]
    turned = float(np.abs(trace[:, 10:12]).max()) > 6.0
    return ["rolled away" if turned else "slid"]


def _sound(audio: Float32[np.ndarray, " sample"]) -> str:
    """`rang`, `clicked`, `hummed` or `thudded`; nothing for silence."""
    peak = int(np.argmax(np.abs(audio)))
    if abs(audio[peak]) < SILENT:
        return ""
    clip = audio[peak : peak + 2048]
    power = np.abs(np.fft.rfft(clip, 2048)) ** 2
    centroid_hz = float(power @ np.arange(1025)) / float(power.sum()) * AUDIO_RATE_HZ / 2048
    energy = np.cumsum(clip.astype(np.float64) ** 2)
    lasts_s = float(np.searchsorted(energy, 0.9 * energy[-1])) / AUDIO_RATE_HZ
    if lasts_s > LONG_S:
        return "rang" if centroid_hz > BRIGHT_HZ else "hummed"
    return "clicked" if centroid_hz > BRIGHT_HZ else "thudded"
