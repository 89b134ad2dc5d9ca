import torch

from nsca.models.mel_decoder import MelDecoder


def test_the_target_is_the_mean_over_equal_times_whatever_the_length():
    decoder = MelDecoder(n_in=6, n_hidden=8, bands=4, frames=5)
    log_mel = torch.arange(20.0).expand(2, 4, 20)
    coarse = decoder.coarse(log_mel)
    assert coarse[0, 0].tolist() == [1.5, 5.5, 9.5, 13.5, 17.5]
    assert decoder.coarse(torch.rand(2, 4, 33)).shape == (2, 4, 5)
    assert decoder(torch.rand(2, 6)).shape == coarse.shape
    assert not decoder.coarse(log_mel.clone().requires_grad_()).requires_grad
