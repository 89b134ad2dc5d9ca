import torch

from nsca.models.projector import Projector


def test_shape_and_independence_of_batch_mates():
    torch.manual_seed(0)
    projector = Projector(n_in=6, n_hidden=8, n_out=5)
    features = torch.randn(4, 6)
    together = projector(features)
    assert together.shape == (4, 5)
    assert torch.allclose(together[1:2], projector(features[1:2]), atol=1e-6)
