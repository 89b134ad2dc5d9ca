import io
import random

import numpy as np
import torch

from nsca.rng_state import capture_rng, restore_rng


def draw() -> list[float]:
    return [random.random(), random.gauss(0, 1), float(np.random.rand()), float(torch.rand(()))]


def test_restored_generators_draw_the_same_again_even_through_a_file():
    np.random.standard_normal()  # leaves a cached second value behind
    random.gauss(0, 1)
    buffer = io.BytesIO()
    torch.save(capture_rng(), buffer)
    expected = [draw() for _ in range(3)]
    buffer.seek(0)
    state = torch.load(buffer, weights_only=True)
    draw()
    restore_rng(state)
    assert [draw() for _ in range(3)] == expected
