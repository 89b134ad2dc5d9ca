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
import torch
from lightning.pytorch import LightningDataModule, Trainer
from phases import tiny_audio, tiny_fusion, tiny_vision
from phases.toy_phase import Batches, HeavyPhase, Points, ToyPhase
from torch import Tensor
from training_server import be_rank, free_port

from nsca.data.batch import Batch
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


STEPS: dict[str, Callable[[], tuple[Phase, Data]]] = {
    "vision": lambda: (tiny_vision.tiny_phase(), tiny_vision.tiny_data()),
    "vision, uneven shares in parts": lambda: (
        tiny_vision.tiny_phase(micro_batch=6),
        tiny_vision.tiny_data(effective_batch=31),
    ),
    "audio": lambda: (tiny_audio.tiny_phase(micro_batch=12), tiny_audio.tiny_data()),
    "fusion": lambda: (tiny_fusion.tiny_phase(), tiny_fusion.tiny_data()),
    "few-shot": few_shot,
    "anchored": lambda: (Anchored(), Batches(1)),
}


def trainer(steps: int) -> Trainer:
    together = "RANK" in os.environ
    several = {"strategy": SharedBatch(), "devices": 2} if together else {"devices": 1}
    return tiny_vision.tiny_trainer(steps, limit_val_batches=0, **several)


def one_step(phase: Phase, data: Data) -> dict[str, Any]:
    """Loss and gradients of the first step."""
    gradients: dict[str, Tensor] = {}

    def note(optimizer: torch.optim.Optimizer) -> None:
        found = {n: p.grad for n, p in phase.named_parameters() if p.grad is not None}
        gradients.update({name: gradient.clone() for name, gradient in found.items()})

    phase.on_before_optimizer_step = note
    runner = trainer(1)
    if isinstance(data, LightningDataModule):
        runner.fit(phase, datamodule=data)
    else:
        runner.fit(phase, data, data)
    return {"loss": float(runner.callback_metrics["train/loss"]), "gradients": gradients}


def four_steps(phase: ToyPhase) -> dict[str, Any]:
    """What a phase has become; its gradients need not exist on every rank at every moment."""
    trainer(4).fit(phase, Batches(4), Batches(4))
    weights = torch.cat([p.detach().flatten() for p in phase.parameters()])
    return {"weights": weights, "micro_batch": phase.micro_batch, "skipped": phase.skipped_steps}


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
