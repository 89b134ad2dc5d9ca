import pytest
import torch

from nsca.models.temporal import Temporal


def tiny() -> Temporal:
    torch.manual_seed(0)
    return Temporal(n_in=5, n_inner=16, n_heads=2, n_layers=2, n_moments=6)


def test_what_is_known_after_a_moment_does_not_depend_on_later_ones_or_other_rows():
    model, moments = tiny(), torch.randn(3, 6, 5)
    known = model(moments)
    assert known.shape == (3, 6, 16)
    changed = moments.clone()
    changed[0, 4:] += 1
    changed[2] += 1
    again = model(changed)
    torch.testing.assert_close(again[0, :4], known[0, :4])
    torch.testing.assert_close(again[1], known[1])
    assert not torch.allclose(again[0, 5], known[0, 5], atol=1e-3)


def test_the_order_of_the_past_counts():
    model, moments = tiny(), torch.randn(1, 4, 5)
    swapped = moments[:, [1, 0, 2, 3]]
    assert not torch.allclose(model(moments)[:, -1], model(swapped)[:, -1], atol=1e-4)


def test_places_are_counted_back_from_the_present():
    model, moments = tiny(), torch.randn(1, 1, 5)
    alone = model.embed(moments) + model.place[-1:]
    for layer in model.layers:
        alone = layer(alone)
    torch.testing.assert_close(model(moments), model.norm(alone))


def test_a_past_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="7 moments; the longest past is 6"):
        tiny()(torch.randn(1, 7, 5))
    with pytest.raises(ValueError, match="not a multiple"):
        Temporal(n_in=5, n_inner=10, n_heads=4, n_layers=1, n_moments=2)
