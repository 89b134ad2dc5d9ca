"""Each frame stands over the spectrogram of the whole sound, the line at its time."""

import numpy as np

from nsca.reporting.rollout import with_spectrogram
from nsca.worlds.tabletop.interaction import AUDIO_SAMPLES, FRAMES


def test_the_line_stands_at_the_frames_time():
    frames = np.zeros((FRAMES, 64, 64, 3), np.uint8)
    shown = with_spectrogram(frames, np.zeros(AUDIO_SAMPLES, np.int16))
    below = np.stack([frame[192:] for frame in shown])
    columns = (below == 255).all((1, 3)).argmax(1)
    assert columns.tolist() == [round(i * 192 / FRAMES) for i in range(FRAMES)]
