"""What moments are made of; that it fits the pictures: test_babbling.py."""

import numpy as np

from nsca.data.babbling_moments import HEARD_SAMPLES, PHYSICAL, STREAM_COLUMNS, moments_of
from nsca.worlds.tabletop.interaction import AUDIO_SAMPLES, FRAMES


def made(stride: int):
    rng = np.random.default_rng(0)
    streams = {
        name: rng.normal(size=(2, FRAMES, width)).astype(np.float32)
        for name, width in (*STREAM_COLUMNS.items(), ("physical", len(PHYSICAL)))
    }
    per_clip = len(range(0, FRAMES, stride))
    images = rng.integers(0, 255, (2, per_clip, 8, 8, 3), dtype=np.uint8)
    sounds = np.zeros((2, AUDIO_SAMPLES), np.int16)
    sounds[1, 8000] = 500  # at 0.5 s
    return moments_of(images, sounds, streams, ["push", "drop"], stride), streams


def test_an_action_is_mean_and_last_command_until_the_next_moment():
    moments, streams = made(stride=3)
    per_clip = len(moments) // 2
    commands = streams["action"][1, 6:9]
    expected = np.concatenate([commands.mean(axis=0), commands[-1]])
    assert np.allclose(moments.action[per_clip + 2], expected)
    last = streams["action"][1, 30:]
    assert np.allclose(moments.action[-1], np.concatenate([last.mean(axis=0), last[-1]]))


def test_a_sound_is_heard_after_it_was_made_and_for_its_window():
    moments, _ = made(stride=2)
    heard = moments.present["audio"].reshape(2, -1)
    assert not heard[0].any()
    now = np.arange(0, FRAMES, 2) * 800
    assert (heard[1] == ((now > 8000) & (now <= 8000 + HEARD_SAMPLES))).all()


def test_a_moment_has_the_task_of_its_clip():
    moments, _ = made(stride=8)
    assert moments.task.tolist() == ["push"] * 4 + ["drop"] * 4


def test_body_is_proprioception_then_touch():
    moments, streams = made(stride=4)
    body = moments.stored["proprioception"].rows(np.array([1]))[0]
    expected = np.concatenate([streams["proprioception"][0, 4], streams["touch"][0, 4]])
    assert np.array_equal(body, expected)
    assert np.array_equal(moments.physical[1], streams["physical"][0, 4])
