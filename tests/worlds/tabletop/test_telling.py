"""Sound follows from what happened."""

import numpy as np

from nsca.worlds.tabletop.telling import sound_body


def energy(interaction) -> float:
    return float(np.square(interaction.audio.astype(np.float64)).sum())


def brightness_hz(interaction) -> float:
    power = np.abs(np.fft.rfft(interaction.audio)) ** 2
    return float(power @ np.arange(len(power)) / power.sum() / 1.6)


def test_a_faster_strike_is_louder(make, play) -> None:
    for kind in ("box_hollow", "egg_stone", "dumbbell_iron"):
        slow, fast = (play("strike", make(kind), speed_m_s=speed)[1] for speed in (0.3, 1.1))
        assert energy(fast) > 2 * energy(slow)


def test_hard_things_sound_brighter(make, play) -> None:
    soft, hard = (play("strike", make("box_hollow", hardness=value))[1] for value in (0.1, 0.95))
    assert brightness_hz(hard) > 1.5 * brightness_hz(soft)


def test_sound_starts_with_the_blow(make, play) -> None:
    _, struck = play("strike", make("box_loaded"))
    blow_s = next(e.time_s for e in struck.events if (e.a, e.kind) == ("hand", "impulse"))
    before = struck.audio[: int(blow_s * 16_000) - 16]
    assert np.abs(struck.audio).max() > 0.01
    assert np.abs(before).max() < 1e-3


def test_the_same_object_keeps_its_voice(make) -> None:
    assert sound_body(make("jar_tough")) == sound_body(make("jar_tough"))
    assert 0 <= sound_body(make("ell_foam", hardness=0.0)).damping <= 1
