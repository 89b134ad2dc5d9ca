import numpy as np
import pytest
import torch
from torch import nn

from nsca.continual.manipulation import (
    FEATURES,
    ClonedPolicy,
    features,
    network,
    samples_of,
)
from nsca.data.demonstrations import Demonstration
from nsca.worlds.metaworld.env import MetaWorldEnvs

LIFT, PUSH = "pick-place-v3", "push-v3"


def scene(goal_height_m: float = 0.02) -> np.ndarray:
    """Hand 10 cm above a thing at the origin's side, goal 5 cm further."""
    seen = np.zeros((1, 39))
    seen[0, 0:4] = 0.0, 0.6, 0.12, 1.0
    seen[0, 4:7] = 0.0, 0.6, 0.02
    seen[0, 36:39] = 0.05, 0.6, goal_height_m
    return seen


def test_features_by_hand():
    coded = features(scene())[0]
    half = FEATURES // 2
    on, off = coded[:half], coded[half:]
    # thing - hand: 10 cm down, at the fine scale -5, at the coarse one -1
    assert on[2] == 0.0
    assert off[2] == pytest.approx(np.tanh(5.0))
    assert off[9 + 2] == pytest.approx(np.tanh(1.0))
    # goal - thing: 5 cm to the side
    assert on[3] == pytest.approx(np.tanh(2.5))
    assert on[9 + 3] == pytest.approx(np.tanh(0.5))
    assert off[9 + 3] == 0.0
    # goal and thing lie 2 cm below what is lifted
    assert off[18:20].tolist() == pytest.approx([np.tanh(1.0)] * 2)
    assert on[20] == 1.0  # open
    assert coded.min() == 0.0


def test_a_goal_on_the_table_and_one_in_the_air_use_different_inputs():
    table, air = features(scene(0.02))[0], features(scene(0.1))[0]
    half = FEATURES // 2
    assert (table[18], air[half + 18]) == (0.0, 0.0)
    assert min(float(table[half + 18]), float(air[18])) > 0.5


@pytest.mark.parametrize("task", [LIFT, PUSH])
def test_features_of_real_scenes_are_bounded(task):
    envs = MetaWorldEnvs(task, 3)
    coded = features(envs.reset(seed=0)[0])
    envs.close()
    assert coded.shape == (3, FEATURES)
    assert coded.dtype == torch.float32
    assert coded.min() >= 0
    assert coded.max() < 3


def test_samples_leave_out_the_last_observation_and_binarise_the_grip():
    seen = np.concatenate([scene(), scene(), scene()]).astype(np.float32)
    acted = np.array([[0.1, 0.2, -1.0, 0.6], [0.0, 0.0, 0.5, 0.0]], np.float32)
    two = Demonstration(PUSH, 0, seen, acted, np.zeros(2, np.float32), np.array([False, True]))
    samples = samples_of([two, two])
    assert len(samples) == 4
    assert samples.targets[0].tolist() == pytest.approx([0.1, 0.2, -1.0, 1.0])
    assert samples.targets[3].tolist() == pytest.approx([0.0, 0.0, 0.5, 0.0])


def test_a_seed_decides_the_network_and_disturbs_no_other_draws():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, same, other = network(8, 1), network(8, 1), network(8, 2)
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(one[0].weight, same[0].weight)
    assert not torch.equal(one[0].weight, other[0].weight)
    assert one(torch.zeros(3, FEATURES)).shape == (3, 4)


def test_the_policy_acts_within_its_range():
    class Wild(nn.Module):
        def forward(self, inputs):
            return torch.tensor([[3.0, -0.5, -7.0, 0.2], [0.0, 0.0, 0.0, -4.0]])

    policy = ClonedPolicy(Wild())
    seen = np.concatenate([scene(), scene()])
    policy.begin(seen)
    assert policy.act(seen).tolist() == [[1.0, -0.5, -1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
