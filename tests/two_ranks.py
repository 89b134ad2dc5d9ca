"""Steps of phases that two processes take together, beside those of a process alone.

`python two_ranks.py <folder>` imports once, forks the three of them, and writes what each found to
`alone.pt`, `0.pt` and `1.pt`.
"""

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import conftest  # noqa: F401  (checks shapes as in every test)
import numpy as np
import torch
from lightning.pytorch import LightningDataModule, Trainer
from phases import tiny_audio, tiny_dynamics, tiny_full, tiny_fusion, tiny_memory, tiny_vision
from phases.short_trainings import last_step, set_dropout
from phases.toy_phase import Batches, HeavyPhase, Points, ToyPhase
from torch import Tensor
from training_server import be_rank, free_port

from nsca.data.batch import Batch
from nsca.models.prototypes import Prototypes
from nsca.phases.fewshot.module import FewShotPhase
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.phase import Phase
from nsca.priors.gravity import Gravity
from nsca.priors.prior import STANDARD_GRAVITY_M_S2
from nsca.priors.weight import PriorWeight
from nsca.shared_batch import SharedBatch

Data = LightningDataModule | Iterable[Any]


class Anchored(ToyPhase):
    """A loss that reads parameters themselves, much dropout, and a parameter that nothing reads."""

    def __init__(self) -> None:
        super().__init__(micro_batch=3)
        self.net[1].p = 0.5
        self.spare = torch.nn.Parameter(torch.ones(2))

    def losses(self, embeddings: dict[str, Tensor], batch: Points) -> dict[str, Tensor]:
        terms = super().losses(embeddings, batch)
        anchor = sum(p.square().sum() for p in self.net.parameters())
        return terms | {"variance": terms["variance"] + anchor}


class Once:
    """One batch an epoch."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Batch]:
        yield self.batch


def few_shot() -> tuple[FewShotPhase, Once]:
    torch.manual_seed(0)
    phase = FewShotPhase(
        prior=Gravity(STANDARD_GRAVITY_M_S2),
        weight=PriorWeight(0.5, 0.0, learnable=True),
        members=2,
        width=8,
        loss_weights={"rollout": 1.0, "contribution": 1e-3},
        optimizer=OptimizerSettings(),
        micro_batch=64,
    )
    return phase, Once(phase.example_batch(13))


def dropping() -> tuple[Phase, Data]:
    """Dynamics whose transformer forgets half of what it is about to say."""
    phase = tiny_dynamics.tiny_phase(micro_batch=6)
    set_dropout(phase.imagination.temporal, 0.5)
    return phase, tiny_dynamics.tiny_data()


def remembering() -> tuple[Phase, Data]:
    """Memory with something to replay, parameters off their anchors, prototypes that speak."""
    together = ("plain+mirrored",)
    phase = tiny_memory.tiny_phase(micro_batch=10, stream=together)
    learned = {n: p for n, p in phase.imagination.named_parameters() if p.requires_grad}
    phase.anchors.anchor(learned, {n: torch.rand_like(p) for n, p in learned.items()})
    stored = phase.example_batch(60)
    phase.store.offer(stored, np.random.default_rng(0))
    phase.imagination.prototypes.consolidate(phase.imagination.contexts(stored), seed=0)
    with torch.no_grad():
        for parameter in learned.values():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return phase, tiny_memory.tiny_data(stream=together)


def full() -> tuple[Phase, Data]:
    weight = PriorWeight(0.5, 0.0, learnable=True)
    prior = Gravity(STANDARD_GRAVITY_M_S2)
    return tiny_full.tiny_phase(prior=prior, weight=weight, micro_batch=5), tiny_full.tiny_data()


STEPS: dict[str, Callable[[], tuple[Phase, Data]]] = {
    "vision": lambda: (tiny_vision.tiny_phase(), tiny_vision.tiny_data()),
    "vision, uneven shares in parts": lambda: (
        tiny_vision.tiny_phase(micro_batch=6),
        tiny_vision.tiny_data(effective_batch=31),
    ),
    "audio": lambda: (tiny_audio.tiny_phase(micro_batch=12), tiny_audio.tiny_data()),
    "fusion": lambda: (tiny_fusion.tiny_phase(), tiny_fusion.tiny_data()),
    "dynamics": lambda: (tiny_dynamics.tiny_phase(linear=True), tiny_dynamics.tiny_data()),
    "dynamics, with dropout": dropping,
    "memory": remembering,
    "full": full,
    "few-shot": few_shot,
    "anchored": lambda: (Anchored(), Batches(1)),
}


def trainer(steps: int) -> Trainer:
    together = "RANK" in os.environ
    several = {"strategy": SharedBatch(), "devices": 2} if together else {"devices": 1}
    return tiny_vision.tiny_trainer(steps, limit_val_batches=0, **several)


def one_step(phase: Phase, data: Data) -> dict[str, Any]:
    """Metrics and gradients of the first step."""
    return vars(last_step(phase, data, trainer(1)))


def four_steps(phase: ToyPhase) -> dict[str, Any]:
    """What a phase has become; its gradients need not exist on every rank at every moment."""
    trainer(4).fit(phase, Batches(4), Batches(4))
    weights = torch.cat([p.detach().flatten() for p in phase.parameters()])
    return {"weights": weights, "micro_batch": phase.micro_batch, "skipped": phase.skipped.total}


class Rounding(Prototypes):
    """A prototype lies elsewhere on rank 1, as sums in another order would put it, but further."""

    def consolidate(self, contexts: Tensor, seed: int) -> None:
        super().consolidate(contexts, seed)
        self.keys.add_(0.1 * int(os.environ.get("RANK", "0")))


def a_stream() -> dict[str, Tensor]:
    """A memory phase as two tasks leave it: learned from, stored, consolidated and anchored."""
    phase = tiny_memory.tiny_phase(micro_batch=10, prototypes=Rounding(count=6, width=16))
    trainer(6).fit(phase, datamodule=tiny_memory.tiny_data())
    return phase.state_dict()


class PoisonedShare(ToyPhase):
    """Rank 1 finds NaN in its share of step 2."""

    def embed(self, batch: Points) -> dict[str, Tensor]:
        found = super().embed(batch)
        if self.trainer.global_step == 2 and self.trainer.global_rank == 1:
            found["first"] = found["first"] * float("nan")
        return found


def found_by(rank: int | None) -> dict[str, Any]:
    """What a rank, or the process alone, finds."""
    found: dict[str, Any] = {name: one_step(*make()) for name, make in STEPS.items()}
    found["stream"] = a_stream()
    if rank is not None:
        fits = {0: 99, 1: 2}[rank]
        for place in ("embed", "backward", "losses"):
            found[f"heavy {place}"] = four_steps(HeavyPhase(place, fits, micro_batch=6))
        found["light"] = four_steps(ToyPhase(micro_batch=1))
        found["poisoned"] = four_steps(PoisonedShare())
    return found


def _run(rank: int | None, port: int, folder: Path) -> None:
    if rank is not None:
        be_rank(rank, 2, port)
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", ".*LeafSpec.*is deprecated")
    code = 1
    try:
        torch.save(found_by(rank), folder / f"{'alone' if rank is None else rank}.pt")
        code = 0
    except BaseException:
        traceback.print_exc()  # into the log, before the process goes without unwinding
        raise
    finally:
        os._exit(code)


def main(folder: Path) -> int:
    port, children = free_port(), []
    for rank in (None, 0, 1):
        if (child := os.fork()) == 0:
            _run(rank, port, folder)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print("exit codes alone and of the ranks:", codes, file=sys.stderr)
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
