import pytest
import torch

from nsca.errors import UserError
from nsca.models.next_senses import NextSenses


def test_what_is_done_counts():
    torch.manual_seed(0)
    head = NextSenses(n_latent=3, n_action=2, n_embedded=4, n_hidden=8, widths=[5, 2])
    latent, still = torch.randn(6, 3), torch.zeros(6, 2)
    assert head(latent, still).shape == (6, 7)
    assert not torch.allclose(head(latent, still), head(latent, still + 1))


def test_actions_are_scaled():
    torch.manual_seed(0)
    head = NextSenses(n_latent=3, n_action=1, n_embedded=4, n_hidden=8, widths=[5])
    head.fit(torch.tensor([[9.0], [11.0]]))
    latent = torch.zeros(1, 3)
    plain = head.layers(torch.cat([latent, head.action(torch.ones(1, 1))], dim=1))
    assert torch.allclose(head(latent, torch.tensor([[11.0]])), plain)


def test_one_number_is_not_taken_for_several():
    head = NextSenses(n_latent=3, n_action=12, n_embedded=4, n_hidden=8, widths=[5])
    with pytest.raises(UserError, match="an action has 1 numbers"):
        head.fit(torch.zeros(4, 1))
