import numpy as np
import pytest
from jaxtyping import TypeCheckError

from nsca.data.source import Frames


def test_frames_need_a_clip_each():
    images = np.zeros((3, 4, 4, 3), dtype=np.uint8)
    assert len(Frames(images, np.arange(3))) == 3
    with pytest.raises((ValueError, TypeCheckError)):
        Frames(images, np.arange(2))
