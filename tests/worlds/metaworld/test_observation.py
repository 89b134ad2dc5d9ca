"""The layout, held against a real observation."""

import numpy as np

from nsca.worlds.metaworld.env import MetaWorldEnvs
from nsca.worlds.metaworld.observation import GOAL, HAND, PREVIOUS, places, present


def test_places_are_where_the_task_says():
    envs = MetaWorldEnvs("stick-push", 2)
    seen, _ = envs.reset(seed=0)
    after = envs.step(np.zeros((2, 4)))[0]
    assert places(seen).shape == (2, 2, 3)
    assert present(seen[0]).tolist() == [True, True]
    assert present(MetaWorldEnvs("reach").reset(seed=0)[0][0]).tolist() == [True, False]
    np.testing.assert_allclose(after[:, PREVIOUS:][:, HAND], seen[:, HAND])
    assert np.abs(seen[:, GOAL]).max() > 0.1
