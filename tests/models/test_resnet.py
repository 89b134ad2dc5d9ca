import pytest
import torch
from torch import nn

from nsca.models.resnet import SHRUNK, resnet


def test_the_map_is_shrunk_and_nothing_couples_samples():
    torch.manual_seed(0)
    model = resnet(3, [8, 16, 16, 24], [1, 1, 1, 1]).train()
    images = torch.randn(4, 3, 32, 48)
    places = model(images)
    assert places.shape == (4, 24, 32 // SHRUNK, 48 // SHRUNK)
    torch.testing.assert_close(model(images[:1])[0], places[0], rtol=1e-4, atol=1e-5)
    assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.modules())


@pytest.mark.parametrize(
    ("channels", "blocks"),
    [([12, 16, 16, 24], [1] * 4), ([8] * 3, [1] * 4), ([8] * 4, [1] * 3)],
)
def test_stages_that_do_not_fit_are_refused(channels, blocks):
    with pytest.raises(ValueError, match="4 stages of channels divisible by 8"):
        resnet(3, channels, blocks)
