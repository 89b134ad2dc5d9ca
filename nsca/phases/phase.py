"""The one base class of all training phases: the loss contract, and what guards a step.

A phase says how to `embed` a batch and which `losses` the embeddings have; everything else
(weighting, logging, gradient caching, sharing a batch among devices, optimiser, steps that are not
finite or not within memory) is here and the same for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import torch
from lightning import LightningModule
from torch import Tensor

from nsca.data.batch import Batch
from nsca.errors import UserError
from nsca.phases.gradient_cache import Embeddings, GradientCache
from nsca.phases.optimizer import OptimizerSettings, build_optimizer, build_schedule
from nsca.phases.out_of_memory import OutOfMemoryElsewhereError, free_memory, until_it_fits
from nsca.phases.part_versions import PART_VERSIONS, check_part_versions, part_versions
from nsca.phases.skipped_steps import SkippedSteps
from nsca.ranks import packed_gradients, ranks_of, sum_gradients

FINE, NOT_FINITE, OUT_OF_MEMORY = range(3)  # how a step stands on one rank; the worst one counts


class Phase(LightningModule, ABC):
    """A training phase.

    A batch of more samples than `micro_batch` is embedded in parts by gradient caching, which gives
    the gradient of the full batch exactly; Lightning's own accumulation is therefore never used.
    Where several devices train, each embeds its share of the batch (see `nsca.ranks`).

    A step that runs out of memory is taken again, and so are those after it, with half the
    micro-batch: the step is the one that a run with that micro-batch would have taken.

    Args:
        loss_weights: weight by term; a term of weight 0 is switched off: neither computed nor
        logged.
        optimizer: Muon, warm-up and cosine.
        micro_batch: the most samples embedded with a graph at once, at least 1.

    Attributes:
        terms: the loss terms that there are.
        parts: where the phase holds parts of the model that it may take from earlier runs: the
            modules of each.
        frozen: those of them that it does not train, and so has none to give.
        staged: whether it goes through stages and measures itself along the way, so that neither
            an early end nor an average of weights is what it measured.
        skipped: steps that were not finite.
        written: whether the step at hand logs: where loggers write, and the last one. Logging what
            nobody reads would cost a small step 3 %.

    Raises:
        ValueError: a loss weight for a term that does not exist, or an impossible weight or batch.
    """

    terms: ClassVar[frozenset[str]]
    parts: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    frozen: ClassVar[frozenset[str]] = frozenset()
    staged: ClassVar[bool] = False

    def __init__(
        self,
        *,
        loss_weights: Mapping[str, float],
        optimizer: OptimizerSettings,
        micro_batch: int,
    ) -> None:
        super().__init__()
        if micro_batch < 1:
            raise ValueError(f"micro_batch must be at least 1, got {micro_batch}")
        if unknown := loss_weights.keys() - self.terms:
            known = sorted(self.terms)
            raise ValueError(f"unknown loss terms {sorted(unknown)}; there are {known}")
        if any(weight < 0 for weight in loss_weights.values()):
            raise ValueError(f"loss weights must not be negative: {dict(loss_weights)}")
        self.loss_weights = {name: float(w) for name, w in loss_weights.items() if w > 0}
        if not self.loss_weights:
            raise ValueError("every loss weight is 0: nothing would be learned")
        self.optimizer_settings = optimizer
        self.micro_batch = self._asked_micro_batch = micro_batch
        self.skipped = SkippedSteps()
        self.written = True
        self._skip = False
        self._cache: GradientCache | None = None

    @abstractmethod
    def embed(self, batch: Batch) -> Embeddings:
        """Return named embeddings, one row a sample, computed sample by sample."""

    @abstractmethod
    def losses(self, embeddings: Embeddings, batch: Batch) -> dict[str, Tensor]:
        """Return one scalar for each of `active_terms(batch)`; it may couple samples."""

    @abstractmethod
    def example_batch(self, samples: int) -> Batch:
        """Return a batch of noise in the shape that `embed` takes, for plans of memory and time."""

    def own_rate_groups(self) -> list[dict[str, Any]]:
        """Return the parameter groups that learn at an `lr` of their own, outside the schedule."""
        return []

    def active_terms(self, batch: Batch) -> frozenset[str]:
        """Return the terms that have weight and data."""
        return frozenset(self.loss_weights)

    def weighted_loss(
        self, embeddings: Embeddings, batch: Batch
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the total and its terms. Raises KeyError where they break the contract."""
        terms = self.losses(embeddings, batch)
        active = self.active_terms(batch)
        if terms.keys() != active:
            raise KeyError(
                f"{type(self).__name__}.losses gave {sorted(terms)}, "
                f"but the active weights are {sorted(active)}"
            )
        total = torch.stack([self.loss_weights[name] * terms[name] for name in sorted(terms)]).sum()
        return total, terms

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        ranks = ranks_of(self.trainer)
        start, stop = ranks.share(len(batch))
        self._cache = GradientCache(
            self.embed,
            batch.slice(start, stop),
            self.micro_batch,
            self.device,
            seed=torch.initial_seed(),
            step=self.trainer.global_step,
            first_row=start,
            cut=ranks.count > 1,
        )
        own = self._cache.embeddings
        embeddings = {name: ranks.spread(rows, len(batch)) for name, rows in own.items()}
        self._agree(FINE)
        ranks.fill(embeddings.values())
        loss, terms = self.weighted_loss(embeddings, batch)
        finite = bool(torch.isfinite(loss))
        self._skip = self._agree(FINE if finite else NOT_FINITE) == NOT_FINITE
        if self._skip:
            self._skip_this("loss", {name: term.item() for name, term in terms.items()})
        self.written = self._is_written(self.trainer.global_step + 1)
        if self.written:
            self._log("train", loss, terms, len(batch))
        return loss

    def _is_written(self, step: int) -> bool:
        """Whether loggers write what this step, from 1, logs; the last one a run's card has."""
        if step % self.trainer.log_every_n_steps == 0:
            return True
        return step == int(self.trainer.estimated_stepping_batches)  # also where epochs end a run

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        starts = range(0, len(batch), self.micro_batch)
        parts = [self.embed(batch.slice(start, start + self.micro_batch)) for start in starts]
        embeddings = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        loss, terms = self.weighted_loss(embeddings, batch)
        self._log("val", loss, terms, len(batch))
        largest = torch.stack([values.abs().max().float() for values in embeddings.values()]).max()
        self.log(
            "val/largest_output", largest, batch_size=len(batch), sync_dist=True, reduce_fx="max"
        )

    def _log(self, stage: str, loss: Tensor, terms: Mapping[str, Tensor], samples: int) -> None:
        values = {f"{stage}/{name}": term.detach() for name, term in terms.items()}
        values[f"{stage}/loss"] = loss.detach()
        # validation is the same on every rank: that it is averaged over them says so to Lightning
        self.log_dict(values, batch_size=samples, sync_dist=stage == "val")

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """Lightning's hook: scaling, clipping and stepping stay Lightning's."""
        if self._cache is None:
            raise RuntimeError("backward without a training step before it")
        if self._skip and self.trainer.scaler is None:
            self._cache = None
            return  # no gradients: the optimiser leaves every parameter alone
        loss.backward(*args, **kwargs)
        ranks = ranks_of(self.trainer)
        if ranks.rank > 0:
            self.zero_grad()  # of parameters that `losses` itself reads: rank 0 has that gradient
        self._cache.backward(self.trainer.precision_plugin.forward_context)
        self._cache = None
        if ranks.count > 1:
            trained = [p for p in self.parameters() if p.requires_grad]
            packed = packed_gradients(trained)
            self._agree(FINE)
            sum_gradients(packed, trained)

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: Any,
        optimizer_closure: Callable[[], Any] | None = None,
    ) -> None:
        """Lightning's hook: the closure is a training step and its backward pass."""
        if optimizer_closure is None:
            raise ValueError("an optimizer step needs its training step")
        step = partial(until_it_fits, optimizer_closure, self._halve_micro_batch)
        super().optimizer_step(epoch, batch_idx, optimizer, step)
        if self.written:
            self.note_step()

    def note_step(self) -> None:
        """Log what is known once a step that is written is taken; callbacks read it at its end."""
        if self.skipped.total:
            self.log("train/skipped_steps", float(self.skipped.total), batch_size=1)
        if self.micro_batch < self._asked_micro_batch:
            self.log("train/micro_batch", float(self.micro_batch), batch_size=1)

    def _halve_micro_batch(self, cause: str, elsewhere: bool) -> None:
        if not elsewhere:
            self._agree(OUT_OF_MEMORY)
        step = self.trainer.global_step
        if self.micro_batch == 1:
            raise UserError(
                f"step {step} ran out of memory with one sample at a time: {cause}",
                "choose a smaller model or more memory or, where encoders learn, "
                "hardware.gradient_checkpointing=true",
            )
        self.micro_batch //= 2
        self._cache = None
        self.zero_grad()
        free_memory(self.device)
        self.print(
            f"step {step} ran out of memory; again with {self.micro_batch} at once, from "
            "here on, and the same effective batch (hardware.micro_batch.<phase>="
            f"{self.micro_batch} begins so; {cause})"
        )

    def _agree(self, state: int) -> int:
        """Tell the other ranks how this one stands and return the worst state of all.

        Raises:
            OutOfMemoryElsewhereError: another rank ran out of memory.
        """
        (worst,) = ranks_of(self.trainer).most(state)
        if worst == OUT_OF_MEMORY and state != OUT_OF_MEMORY:
            raise OutOfMemoryElsewhereError
        return worst

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Skip a step whose gradient is not finite, unless Lightning's loss scaler already does."""
        if self._skip:
            return
        if self.trainer.scaler is not None:
            self.skipped.step_taken()
            return
        gradients = [p.grad for p in self.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        if bool(torch.isfinite(norm)):
            self.skipped.step_taken()
            return
        optimizer.zero_grad(set_to_none=True)
        self._skip_this("gradient", {"gradient norm": float(norm)})

    def _skip_this(self, what: str, values: Mapping[str, float]) -> None:
        self.skipped.count(what, values, self.trainer.global_step, self.print)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """See torch. Raises UserError for weights that are not this phase's."""
        try:
            return super().load_state_dict(state_dict, strict, assign)
        except RuntimeError as error:
            raise UserError(
                f"weights do not fit: {' '.join(str(error).split())}",
                "other code made them (its commit is in their run.json): resume=never trains anew",
            ) from error

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[PART_VERSIONS] = part_versions(self.parts)
        checkpoint["skipped_steps"] = self.skipped.total
        checkpoint["skipped_in_a_row"] = self.skipped.in_a_row
        checkpoint["micro_batch"] = [self._asked_micro_batch, self.micro_batch]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        check_part_versions(checkpoint, self.parts, "the run to be resumed")
        self.skipped.total = int(checkpoint["skipped_steps"])
        self.skipped.in_a_row = int(checkpoint["skipped_in_a_row"])
        # another profile may hold more, or less; runs begun with version 0.1 kept none
        asked, held = checkpoint.get("micro_batch", (0, 0))
        if asked == self._asked_micro_batch:
            self.micro_batch = held

    def configure_optimizers(self) -> dict[str, Any]:
        optimizer = build_optimizer(self, self.optimizer_settings, self.own_rate_groups())
        total_steps = int(self.trainer.estimated_stepping_batches)
        schedule = build_schedule(optimizer, self.optimizer_settings, total_steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }
