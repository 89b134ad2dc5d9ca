import torch

from nsca.models.gist import GAIN, STATISTICS, gist


def test_three_statistics_a_channel():
    channels = torch.tensor([[[[3.0, -1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 6.0]]]])
    expected = GAIN * torch.tensor([[1.0, 1.5, 3.0**0.5, 3.0, 1.0, 2.0]])
    assert torch.allclose(gist(channels), expected, atol=1e-5)
    assert gist(channels).shape == (1, 2 * STATISTICS)


def test_it_does_not_know_where_anything_is():
    channels = torch.randn(2, 5, 8, 8)
    assert torch.allclose(gist(channels), gist(channels.roll((3, 5), dims=(2, 3))), atol=1e-5)
    assert not torch.allclose(gist(channels), gist(1.5 * channels), atol=0.1)
