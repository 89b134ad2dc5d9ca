"""A phase of a few weights on points in space: shared by tests."""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import Trainer
from torch import Tensor, nn

from nsca.data.batch import Batch
from nsca.losses.nt_xent import nt_xent
from nsca.losses.vicreg import variance
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.phase import Phase


@dataclass(frozen=True)
class Points(Batch):
    first: Tensor
    second: Tensor


class ToyPhase(Phase):
    """NT-Xent and variance of a small net with dropout; `poison` lists steps whose loss is NaN."""

    terms = frozenset({"nt_xent", "variance", "sharpness"})  # the last one is promised alone

    def __init__(self, micro_batch: int = 64, poison: tuple[int, ...] = (), **changes: Any) -> None:
        super().__init__(
            loss_weights=changes.get("loss_weights", {"nt_xent": 1.0, "variance": 0.5}),
            optimizer=OptimizerSettings(learning_rate=0.01, warmup_steps=0),
            micro_batch=micro_batch,
        )
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.1), nn.Tanh(), nn.Linear(8, 3))
        self.poison = poison
        self.weights: list[Tensor] = []

    def example_batch(self, samples: int) -> Points:
        return Points(first=torch.randn(samples, 4), second=torch.randn(samples, 4))

    def embed(self, batch: Points) -> dict[str, Tensor]:
        return {"first": self.net(batch.first), "second": self.net(batch.second)}

    def losses(self, embeddings: dict[str, Tensor], batch: Points) -> dict[str, Tensor]:
        views = torch.stack([embeddings["first"], embeddings["second"]])
        terms = {"nt_xent": nt_xent(views, 0.5), "variance": variance(views)}
        if self.trainer.global_step in self.poison:
            terms["nt_xent"] = terms["nt_xent"] * float("nan")
        return {name: terms[name] for name in self.loss_weights if name in terms}

    def on_train_batch_start(self, batch: Points, batch_idx: int) -> None:
        self.weights.append(torch.cat([p.detach().flatten() for p in self.parameters()]).clone())


class HeavyPhase(ToyPhase):
    """Runs out of memory in one place with more than `fits` samples at once.

    Args:
        place: "embed", "backward" (of what was embedded) or "losses".
        fits: samples at once that are not too many; in `losses`, whenever `micro_batch` is larger.
        micro_batch: as in every phase.

    Attributes:
        failures: how often it did.
        still_held: embeddings of failed attempts that were alive when the last one began.
    """

    def __init__(self, place: str, fits: int, micro_batch: int) -> None:
        super().__init__(micro_batch)
        self.place = place
        self.fits = fits
        self.failures = 0
        self.held: list[weakref.ref[Tensor]] = []
        self.still_held = 0

    def _need(self, place: str, samples: int) -> None:
        if place == self.place and samples > self.fits:
            self.failures += 1
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")

    def embed(self, batch: Points) -> dict[str, Tensor]:
        self.still_held = sum(tensor() is not None for tensor in self.held[: self.failures])
        found = super().embed(batch)
        self.held.append(weakref.ref(found["first"]))
        self._need("embed", len(batch))
        if found["first"].requires_grad:
            found["first"].register_hook(lambda _: self._need("backward", len(batch)))
        return found

    def losses(self, embeddings: dict[str, Tensor], batch: Points) -> dict[str, Tensor]:
        self._need("losses", self.micro_batch)
        return super().losses(embeddings, batch)


class Batches:
    """The same few batches at every iteration."""

    def __init__(self, steps: int) -> None:
        self.first = torch.randn(steps, 12, 4, generator=torch.Generator().manual_seed(1))

    def __len__(self) -> int:
        return len(self.first)

    def __iter__(self) -> Iterator[Points]:
        return (Points(x, x + 0.1) for x in self.first)


def fit(phase: Phase, steps: int, **changes: Any) -> Trainer:
    trainer = Trainer(
        max_steps=steps,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
        log_every_n_steps=1,
        **changes,
    )
    trainer.fit(phase, Batches(steps), Batches(1))
    return trainer
