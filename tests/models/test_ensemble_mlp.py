"""Members do not see each other."""

import torch

from nsca.models.ensemble_mlp import EnsembleMLP


def test_each_member_has_weights_and_gradients_of_its_own():
    torch.manual_seed(0)
    networks = EnsembleMLP(members=3, n_in=4, width=8, n_out=2)
    inputs = torch.randn(3, 5, 7, 4)
    outputs = networks(inputs)
    assert outputs.shape == (3, 5, 7, 2)
    assert networks.members == 3
    assert not torch.allclose(networks(inputs[:1].expand(3, -1, -1, -1))[0], outputs[1])
    outputs[1].sum().backward()
    gradient = networks.weights[0].grad
    assert gradient[1].abs().max() > 0
    assert gradient[0].abs().max() == gradient[2].abs().max() == 0
