from contextlib import nullcontext
from dataclasses import dataclass

import pytest
import torch
from phases.short_trainings import set_dropout
from phases.tiny_dynamics import tiny_phase
from torch import Tensor, nn

from nsca.data.batch import Batch
from nsca.losses.nt_xent import nt_xent
from nsca.losses.vicreg import covariance, variance
from nsca.phases.gradient_cache import GradientCache

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Points(Batch):
    first: Tensor
    second: Tensor


def some_points(samples: int = 22) -> Points:
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(samples, 6, generator=generator)
    return Points(first, first + 0.1 * torch.randn(samples, 6, generator=generator))


def a_model(dropout: float) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 5))


def coupled_loss(first: Tensor, second: Tensor) -> Tensor:
    views = torch.stack([first, second])
    return nt_xent(views, 0.3) + variance(views) + 0.1 * covariance(views)


def embedder(model: nn.Module):
    return lambda batch: {"first": model(batch.first), "second": model(batch.second)}


def flat_gradient(model: nn.Module) -> Tensor:
    gradient = torch.cat([p.grad.flatten() for p in model.parameters()])
    model.zero_grad()
    return gradient


def difference(a: Tensor, b: Tensor) -> float:
    return float((a - b).norm() / b.norm())


def cached_gradient(model: nn.Module, batch: Points, micro_batch: int, step: int = 0) -> Tensor:
    cache = GradientCache(embedder(model), batch, micro_batch, CPU, seed=0, step=step)
    coupled_loss(**cache.embeddings).backward()
    cache.backward(nullcontext)
    return flat_gradient(model)


@pytest.mark.parametrize("micro_batch", [1, 5, 11, 22])
def test_equals_the_gradient_of_the_full_batch(micro_batch):
    model, batch = a_model(dropout=0.0), some_points()
    coupled_loss(**embedder(model)(batch)).backward()
    full = flat_gradient(model)
    assert difference(cached_gradient(model, batch, micro_batch), full) < 1e-5


def test_plain_accumulation_does_not():
    model, batch = a_model(dropout=0.0), some_points()
    coupled_loss(**embedder(model)(batch)).backward()
    full = flat_gradient(model)
    for start in range(0, 22, 11):
        part = batch.slice(start, start + 11)
        (coupled_loss(**embedder(model)(part)) / 2).backward()
    assert difference(flat_gradient(model), full) > 0.05


def test_dropout_masks_agree_between_the_passes_and_with_shares_of_a_batch():
    model, batch, micro_batch = a_model(dropout=0.5), some_points(), 5
    shares = [
        GradientCache(
            embedder(model), batch.slice(i, i + micro_batch), micro_batch, CPU, 0, 3, first_row=i
        ).embeddings
        for i in range(0, 22, micro_batch)
    ]
    coupled_loss(*(torch.cat([s[name] for s in shares]) for name in ("first", "second"))).backward()
    full = flat_gradient(model)
    assert difference(cached_gradient(model, batch, micro_batch, step=3), full) < 1e-5
    # other masks: the comparison can tell
    assert difference(cached_gradient(model, batch, micro_batch, step=4), full) > 0.05


def test_dropout_masks_agree_in_a_phase_whose_transformer_drops_out():
    """No configuration has dropout; torch's layers of the temporal transformer can."""
    phase, micro_batch = tiny_phase(), 5
    set_dropout(phase.imagination.temporal, 0.5)
    batch = phase.example_batch(22)

    def gradient(embeddings: dict[str, Tensor], cache: GradientCache | None = None) -> Tensor:
        phase.zero_grad()
        phase.weighted_loss(embeddings, batch)[0].backward()
        if cache is not None:
            cache.backward(nullcontext)
        return torch.cat([p.grad.flatten() for p in phase.parameters() if p.grad is not None])

    def cached(step: int) -> Tensor:
        cache = GradientCache(phase.embed, batch, micro_batch, CPU, seed=0, step=step)
        return gradient(cache.embeddings, cache)

    shares = [
        GradientCache(
            phase.embed, batch.slice(i, i + micro_batch), micro_batch, CPU, 0, 3, first_row=i
        ).embeddings
        for i in range(0, 22, micro_batch)
    ]
    whole = gradient({name: torch.cat([s[name] for s in shares]) for name in shares[0]})
    assert difference(cached(3), whole) < 1e-5
    assert difference(cached(4), whole) > 0.05


def test_masks_differ_from_part_to_part():
    same = Points(torch.ones(8, 6), torch.ones(8, 6))
    rows = GradientCache(embedder(a_model(dropout=0.5)), same, 4, CPU, 0, 0).embeddings["first"]
    assert not torch.equal(rows[:4], rows[4:])


@pytest.mark.parametrize("micro_batch", [5, 22])
def test_a_single_part_may_be_cut_from_its_graph_too(micro_batch: int):
    model, batch = a_model(dropout=0.5), some_points()
    cache = GradientCache(embedder(model), batch, micro_batch, CPU, 0, 0, cut=True)
    coupled_loss(**cache.embeddings).backward()
    assert all(p.grad is None for p in model.parameters())
    cache.backward(nullcontext)
    cut = flat_gradient(model)
    assert difference(cut, cached_gradient(model, batch, micro_batch)) < 1e-6


def test_random_numbers_go_on_as_if_nothing_had_been_drawn():
    model, batch = a_model(dropout=0.5), some_points()
    torch.manual_seed(7)
    before = torch.get_rng_state()
    cached_gradient(model, batch, 5)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.initial_seed() == 7


def test_an_embedding_that_no_loss_reads_is_no_obstacle():
    model, batch = a_model(dropout=0.0), some_points()
    cache = GradientCache(embedder(model), batch, 8, CPU, 0, 0)
    cache.embeddings["first"].square().mean().backward()
    cache.backward(nullcontext)
    cached = flat_gradient(model)
    model(batch.first).square().mean().backward()
    assert difference(cached, flat_gradient(model)) < 1e-5
