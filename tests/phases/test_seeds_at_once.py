"""Trained at once, each phase becomes what a Trainer of its own makes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from phases.tiny_vision import tiny_trainer
from torch import Tensor, nn

from nsca.data.batch import Batch
from nsca.errors import UserError
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.phase import Phase
from nsca.phases.seeds_at_once import fit_seeds
from nsca.phases.skipped_steps import MOST_SKIPPED_IN_A_ROW

STEPS, CLIP = 30, 0.05
CPU = torch.device("cpu")
DEVICES = [
    CPU,
    pytest.param(
        torch.device("cuda"),
        marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
    ),
]
TOLERANCE = 1e-3
"""Absolute, of parameters that are of the order of 1 and move by more than 0.1. Rounding alone
makes them differ by 1e-7; where the bfloat16 of Muon rounds to the other side, by 2^-8 of a step of
0.006, which in each of 30 steps would be 7e-4.
"""


@dataclass(frozen=True)
class Points(Batch):
    inputs: Tensor
    step: int = 0


class Toy(Phase):
    """A matrix for Muon, a vector for AdamW, a scalar with a rate of its own, and a buffer."""

    terms = frozenset({"fit", "root"})
    scale: Tensor

    def __init__(self, seed: int, learning_rate: float = 0.01) -> None:
        super().__init__(
            loss_weights={"fit": 1.0, "root": 0.1},
            optimizer=OptimizerSettings(learning_rate=learning_rate, warmup_steps=3),
            micro_batch=64,
        )
        torch.manual_seed(seed)
        self.inner, self.outer = nn.Linear(4, 8, bias=False), nn.Linear(8, 1)
        self.gain = nn.Parameter(torch.tensor(1.0))
        self.register_buffer("scale", torch.tensor(1.0 + seed))

    def embed(self, batch: Points) -> dict[str, Tensor]:
        hidden = self.inner(batch.inputs)
        return {"hidden": hidden, "out": self.gain * self.outer(torch.tanh(hidden))}

    def losses(self, embeddings: dict[str, Tensor], batch: Points) -> dict[str, Tensor]:
        error = embeddings["out"][:, 0] - self.scale * batch.inputs.sum(1)
        return {"fit": error.square().mean(), "root": embeddings["hidden"].square().sum().sqrt()}

    def own_rate_groups(self) -> list[dict[str, Any]]:
        return [{"params": [self.gain], "lr": 0.03, "weight_decay": 0.0}]

    def example_batch(self, samples: int) -> Points:
        return Points(torch.randn(samples, 4))


def batches(seed: int, steps: int = STEPS, size: int = 12) -> list[Points]:
    draw = torch.Generator().manual_seed(seed)
    return [Points(torch.randn(size, 4, generator=draw), step) for step in range(steps)]


def alone(seed: int, own: list[Points]) -> Toy:
    phase = Toy(seed)
    trainer = tiny_trainer(len(own), gradient_clip_val=CLIP, limit_val_batches=0)
    trainer.fit(phase, torch.utils.data.DataLoader(own, batch_size=None), [])
    return phase


def at_once(every: list[list[Points]], device: torch.device = CPU) -> list[Toy]:
    phases = [Toy(seed) for seed in range(len(every))]
    fit_seeds(phases, every, steps=len(every[0]), clip=CLIP, device=device)
    return phases


def flat(phase: Phase) -> Tensor:
    return torch.cat([p.detach().flatten() for p in phase.parameters()])


@pytest.mark.parametrize("device", DEVICES)
def test_each_becomes_what_it_becomes_alone(device: torch.device):
    every = [batches(seed) for seed in range(3)]
    for seed, (phase, own) in enumerate(zip(at_once(every, device), every, strict=True)):
        torch.testing.assert_close(flat(phase), flat(alone(seed, own)), rtol=0, atol=TOLERANCE)
        assert (flat(phase) - flat(Toy(seed))).abs().max() > 0.1, "it has moved"
        assert abs(phase.gain.item() - 1) > 0.1, "at its own rate"
        assert phase.scale.item() == 1 + seed


@pytest.mark.parametrize(
    ("what", "spoil"),
    [("loss", torch.full_like), ("gradient", lambda inputs, _: torch.zeros_like(inputs))],
)
def test_a_step_that_is_not_finite_is_skipped_in_its_phase_alone(
    what: str, spoil: Callable[[Tensor, float], Tensor], capsys
):
    every = [batches(seed) for seed in range(3)]
    spoilt = [*every[1][:7], Points(spoil(every[1][7].inputs, torch.nan), 7), *every[1][8:]]
    clean, phases = at_once(every), at_once([every[0], spoilt, every[2]])
    assert f"phase 1: step 7 skipped: the {what} is not finite" in capsys.readouterr().out
    assert [phase.skipped.total for phase in phases] == [0, 1, 0]
    for seed in (0, 2):
        assert torch.equal(flat(phases[seed]), flat(clean[seed]))
    torch.testing.assert_close(flat(phases[1]), flat(alone(1, spoilt)), rtol=0, atol=TOLERANCE)


def test_too_many_skipped_in_a_row_end_it_and_accidents_apart_do_not():
    bad = [Points(torch.full((12, 4), torch.nan))]
    good = batches(1, 4)
    apart = [*bad * 4, good[0], *bad * 4, good[1]]
    phases = at_once([batches(0, 10), apart])
    assert [phase.skipped.total for phase in phases] == [0, 8]
    with pytest.raises(UserError, match=rf"in {MOST_SKIPPED_IN_A_ROW} steps in a row.*step 4"):
        at_once([batches(0, 10), [*bad * 5, *batches(1, 5)]])


@pytest.mark.parametrize(
    ("phases", "every", "message"),
    [
        ([Toy(0), Toy(1, 0.02)], [batches(0), batches(1)], "same settings"),
        ([Toy(0), Toy(1)], [batches(0), batches(1, size=5)], "different sizes"),
        ([Toy(0), Toy(1)], [batches(0), batches(1, 3)], "shorter"),
    ],
)
def test_what_cannot_be_stacked_is_refused(phases, every, message):
    with pytest.raises(ValueError, match=message):
        fit_seeds(phases, every, steps=STEPS, clip=CLIP, device=CPU)
