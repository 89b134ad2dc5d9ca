"""Lengths are averaged by their squares, a horizon at a time."""

import numpy as np
import pytest

from nsca.objectives.forecast_errors import QUANTITIES, root_mean_squares


def test_errors_are_root_mean_squares_of_lengths():
    off = np.zeros((2, 2, 3))
    off[0, 0] = [3.0, 4.0, 0.0]
    off[:, 1] = [0.0, 0.0, -1.0]
    assert root_mean_squares(off) == pytest.approx([5 / 2**0.5, 1.0])


def test_quantities_are_place_and_velocity_of_the_thing():
    numbers = np.arange(13)
    found = {name: numbers[columns].tolist() for name, columns in QUANTITIES.items()}
    assert found == {"place_m": [0, 1, 2], "speed_m_s": [3, 4, 5]}
