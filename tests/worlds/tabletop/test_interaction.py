"""The constants fit together."""

from nsca.worlds.tabletop import interaction as i


def test_lengths_agree() -> None:
    assert i.STEPS_PER_FRAME * i.PHYSICS_DT_S * i.FRAMES_PER_S == 1.0
    assert i.CONTROLS_PER_FRAME * i.STEPS_PER_CONTROL == i.STEPS_PER_FRAME
    assert i.AUDIO_SAMPLES == i.DURATION_S * i.AUDIO_RATE_HZ
    assert 50 <= i.FRAMES_PER_S * i.CONTROLS_PER_FRAME <= 100
    assert i.DURATION_S >= 1.5


def test_names_cover_the_columns_and_spawns_the_primitives() -> None:
    assert (len(i.TOUCH_NAMES), len(i.PROPRIOCEPTION_NAMES), len(i.ACTION_NAMES)) == (6, 18, 6)
    assert set(i.NATURAL_SPAWN) == set(i.PRIMITIVES)
    assert set(i.NATURAL_SPAWN.values()) <= set(i.SPAWNS)
    forced = {name: i.NATURAL_SPAWN[name] for name in ("drop", "strike", "push")}
    assert forced == {"drop": "holding", "strike": "near", "push": "touching"}
