"""A film shows every episode until shortly after its success."""

import numpy as np
import pytest

from nsca.benchmarks.filming import PICTURE_EVERY, STEPS_AFTER_SUCCESS, film
from nsca.worlds import gl
from nsca.worlds.metaworld.episode_seeds import episode_seeds
from nsca.worlds.metaworld.experts import Expert
from nsca.worlds.metaworld.physics import AlteredPhysics


@pytest.fixture(autouse=True)
def drawing() -> None:
    if gl.choose_backend().backend is None:
        pytest.skip("no GL backend draws here")


class Knowing:
    def begin(self, observations):
        self.expert = Expert("reach-v3")

    def act(self, observations):
        return self.expert(observations)


def test_episodes_end_after_success_and_the_hand_is_seen_moving():
    seeds = episode_seeds("reach-v3", "tuning", 0, 2)
    pictures, succeeded = film(Knowing(), "reach-v3", seeds, AlteredPhysics(), size=48)
    assert succeeded == [True, True]
    assert pictures.shape[1:] == (48, 48, 3)
    assert 2 * STEPS_AFTER_SUCCESS / PICTURE_EVERY < len(pictures) < 2 * 500 / PICTURE_EVERY
    assert np.abs(pictures[0].astype(int) - pictures[4]).max() > 20
