"""The memory phase: dynamics go on learning, one task after the other, and are not to forget.

Three memories (complementary learning systems, McClelland et al. 1995): an episodic store keeps
windows as they were, a share of every step is replayed from it; prototypes are consolidated from it
now and then and tell the imagination what pasts like this one had in common; and where a task ends,
parameters are anchored by what the task needs of them (online EWC), prototypes harder than the
rest. What is drawn is a function of seed and step alone.

Unsure: scales are taken from windows of all tasks before the first one is learned, where no trained
dynamics bring theirs; that tells of later tasks, though the same to every method.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from nsca.data.batch import DynamicsBatch, TaskBatch
from nsca.data.task_stream import TaskStream
from nsca.errors import UserError
from nsca.losses.ewc import Tensors, diagonal_fisher
from nsca.models.fusion import Fusion
from nsca.models.senses import Senses
from nsca.objectives.anchors import Anchors
from nsca.objectives.episodic_store import EpisodicStore, joined
from nsca.objectives.first_fit import fit
from nsca.objectives.imagination import Imagination
from nsca.objectives.imagined import TERMS as MODEL_TERMS
from nsca.objectives.imagined import Imagined
from nsca.objectives.retention import MEASURES, errors_by_task, forgetting_and_transfer
from nsca.phases.gradient_cache import Embeddings
from nsca.phases.imagining import ImaginingPhase
from nsca.phases.memory.data import MemoryData
from nsca.phases.memory.settings import MemorySettings
from nsca.phases.optimizer import OptimizerSettings
from nsca.ranks import ranks_of

STORE_STREAM, REPLAY_STREAM = 11, 12  # of random numbers
REPLAY, EWC = "replay", "ewc"
TERMS = frozenset({"latent", "physical", "calibration", "contribution", "replay", "ewc"})
PARTS = {"fusion": ("encoder", "senses"), "dynamics": ("imagination", "encoder", "senses")}
SEMANTIC = "prototypes."  # parameters that EWC holds harder


class MemoryPhase(ImaginingPhase):
    """Training of the dynamics on a stream of tasks, above frozen senses and fusion.

    Args:
        senses, encoder: frozen; see `ImaginingPhase`.
        imagination: what learns.
        stream: see `TaskStream`.
        memory: sizes, shares and intervals.
        loss_weights: by term: of `Imagination`, `replay` (all of those again, on stored windows)
            and `ewc`.
        optimizer: Muon, warm-up and cosine.
        micro_batch: the most windows with a graph at once.

    Attributes:
        errors: on held-out windows, before the stream and after each of its stages, see
            `nsca.objectives.retention`; 0 for stages that have not ended.
        kept: of the last state, kept.
        stages_done: stages that have ended.

    Raises:
        ValueError: a loss weight for a term that does not exist, or parts of different widths.
    """

    terms = TERMS
    parts = PARTS
    frozen = frozenset({"fusion"})
    staged = True
    errors: Tensor
    kept: Tensor
    stages_done: Tensor

    def __init__(
        self,
        *,
        senses: Senses,
        encoder: Fusion,
        imagination: Imagination,
        stream: Sequence[str],
        memory: MemorySettings,
        loss_weights: Mapping[str, float],
        optimizer: OptimizerSettings,
        micro_batch: int,
    ) -> None:
        super().__init__(
            senses=senses,
            encoder=encoder,
            imagination=imagination,
            loss_weights=loss_weights,
            optimizer=optimizer,
            micro_batch=micro_batch,
        )
        self.stream = TaskStream(stream)
        self.memory = memory
        self.store = EpisodicStore(memory.capacity, self.example_batch(1))
        learned = self._learned()
        semantic = frozenset(name for name in learned if name.startswith(SEMANTIC))
        self.anchors = Anchors(learned, semantic, memory.protection, memory.decay)
        stages, tasks = len(self.stream.stages), len(self.stream.tasks)
        self.register_buffer("errors", torch.zeros(stages + 1, tasks, len(MEASURES)))
        self.register_buffer("kept", torch.zeros(tasks, len(MEASURES)))
        self.register_buffer("stages_done", torch.zeros((), dtype=torch.int64))
        self._model_weights = {n: w for n, w in self.loss_weights.items() if n in MODEL_TERMS}
        if not self._model_weights:
            raise ValueError(
                f"one of {sorted(MODEL_TERMS)} must have weight: else nothing is learned"
            )
        self._latest: dict[str, Tensor] = {}

    def on_fit_start(self) -> None:
        """Ask senses and fusion once for all steps, take every scale from the training part unless
        it is known, and measure what there is before the stream.
        """
        data = self._data()
        data.pack(self.senses, self.encoder)
        if not self.imagination.fitted:
            fit(self.imagination, data.stored("train"))
        self.imagination.check_moments(data.stored("train").moments)
        if not self.kept.any():  # a resumed run knows
            self.errors[0] = self._errors_now()
            self.kept.copy_(self._errors_now(kept=True))

    def example_batch(self, samples: int) -> TaskBatch:
        """Return noise, of which the share that is replayed."""
        noise = self.imagination.example_batch(samples)
        replayed = torch.arange(samples) >= samples - self._share(samples)
        return TaskBatch(
            **noise.tensors(),
            step=0,
            task=torch.zeros(samples, dtype=torch.int64),
            replayed=replayed,
        )

    def active_terms(self, batch: TaskBatch) -> frozenset[str]:
        """Replay where something is replayed; EWC in training, from the second stage on."""
        absent = set()
        if not batch.replayed.any():
            absent.add(REPLAY)
        if not (self.training and self.anchors.set):
            absent.add(EWC)
        return frozenset(self.loss_weights) - absent

    def embed(self, batch: TaskBatch) -> Embeddings:
        return self.imagination(batch)._asdict()

    def losses(self, embeddings: Embeddings, batch: TaskBatch) -> dict[str, Tensor]:
        found = self._model_losses(embeddings, batch, ~batch.replayed)
        active = self.active_terms(batch)
        if REPLAY in active:
            again = self._model_losses(embeddings, batch, batch.replayed)
            weighted = [w * again[name] for name, w in self._model_weights.items()]
            found[REPLAY] = torch.stack(weighted).sum()
        if EWC in active:
            found[EWC] = self.anchors.penalty(self._learned())
        return found

    def weighted_loss(
        self, embeddings: Embeddings, batch: TaskBatch
    ) -> tuple[Tensor, dict[str, Tensor]]:
        total, terms = super().weighted_loss(embeddings, batch)
        self._latest = {name: term.detach() for name, term in (*terms.items(), ("loss", total))}
        return total, terms

    def training_step(self, batch: TaskBatch, batch_idx: int) -> Tensor:
        """The last windows of the batch make room for stored ones."""
        own = len(batch) - self._replayed(len(batch))
        if own < len(batch):
            stored = self.store.draw(len(batch) - own, self._rng(REPLAY_STREAM, batch.step))
            batch = joined(batch.slice(0, own), stored)
        loss = super().training_step(batch, batch_idx)
        if self.written:
            self._note(batch)
        return loss

    def validation_step(self, batch: TaskBatch, batch_idx: int) -> None:
        """A batch is of one task, whose error is logged under its name."""
        super().validation_step(batch, batch_idx)
        if "physical" in self._latest:
            task = self.stream.tasks[int(batch.task[0])]
            self.log(f"val/{task}", self._latest["physical"], batch_size=len(batch), sync_dist=True)

    def on_train_batch_end(self, outputs: Any, batch: TaskBatch, batch_idx: int) -> None:
        """Remember what was just learned from; consolidate and anchor where it is time."""
        super().on_train_batch_end(outputs, batch, batch_idx)
        own = len(batch) - self._replayed(len(batch))
        self.store.offer(batch.slice(0, own), self._rng(STORE_STREAM, batch.step))
        done, steps = self.trainer.global_step, self.trainer.max_steps
        ranks = ranks_of(self.trainer)  # each has the whole store
        prototypes = self.imagination.prototypes
        if prototypes is not None and done % self.memory.consolidate_every == 0:
            contexts = self.imagination.contexts(self.store.all())
            prototypes.consolidate(contexts, seed=torch.initial_seed())
            ranks.follow_first(prototypes.buffers())
        stage = self.stream.ended_by(done, steps)
        if stage is not None:
            self._end(stage)
            ranks.follow_first([*self.anchors.buffers(), self.errors])

    def _note(self, batch: TaskBatch) -> None:
        stage = float(self.stream.stage_of[self.stream.tasks[int(batch.task[0])]])
        found = {"train/stage": stage}
        if EWC in self._latest:
            share = self.loss_weights[EWC] * self._latest[EWC] / self._latest["loss"]
            found["train/ewc_share"] = share
        self.log_dict(found, batch_size=len(batch))

    def _end(self, stage: int) -> None:
        """A stage is over: hold on to what it needs, and measure all tasks."""
        if EWC in self.loss_weights:
            self.anchors.anchor(self._learned(), self._fisher(stage))
        self.errors[stage + 1] = self._errors_now()
        self.stages_done.fill_(stage + 1)
        tasks = self.stream.tasks
        errors = {
            (task, after): float(self.errors[after, number, 0])
            for after in range(stage + 2)
            for number, task in enumerate(tasks)
        }
        learned_in = {task: self.stream.stage_of[task] + 1 for task in tasks}
        found = forgetting_and_transfer(errors, learned_in, stage + 1)
        self.log_dict({f"train/{name}": value for name, value in found.items()}, batch_size=1)

    def _fisher(self, stage: int) -> Tensors:
        """Of the loss of stored windows, one by one: the empirical Fisher information."""
        tasks = self.stream.stages[stage]
        numbers = [self.stream.tasks.index(task) for task in tasks]
        stored = self.store.of_tasks(numbers, self.memory.fisher_windows)
        if not len(stored):
            raise UserError(
                f"the episodic store has kept no window of {'+'.join(tasks)} to anchor it by",
                f"raise phase.memory.capacity above {self.memory.capacity}",
            )

        def loss(parameters: Tensors, *window: Tensor) -> Tensor:
            latent, physical, action = (rows[None] for rows in window)
            batch = DynamicsBatch(latent=latent, physical=physical, action=action, step=0)
            imagined = functional_call(self.imagination, dict(parameters), (batch,))
            found = self.imagination.losses(imagined, batch, self._model_weights)
            return torch.stack([w * found[name] for name, w in self._model_weights.items()]).sum()

        windows = (stored.latent, stored.physical, stored.action)
        # neither other forms of attention nor compiled modules know many gradients at once
        with sdpa_kernel(SDPBackend.MATH), torch.compiler.set_stance("force_eager"):
            return diagonal_fisher(loss, self._learned(), windows)

    def _model_losses(
        self, embeddings: Embeddings, batch: TaskBatch, chosen: Tensor
    ) -> dict[str, Tensor]:
        rows = chosen.nonzero()[:, 0]
        imagined = Imagined(**{name: values[rows] for name, values in embeddings.items()})
        return self.imagination.losses(imagined, batch.take(rows), self._model_weights)

    def _learned(self) -> dict[str, Tensor]:
        return {n: p for n, p in self.imagination.named_parameters() if p.requires_grad}

    def _errors_now(self, kept: bool = False) -> Tensor:
        rows = self._data().stored("val")
        found = errors_by_task(self.imagination, rows, self.stream.tasks, kept)
        return found.to(self.errors.device)

    def _replayed(self, samples: int) -> int:
        """How many of a step's windows come from the store now."""
        return self._share(samples) if len(self.store) else 0

    def _share(self, samples: int) -> int:
        if REPLAY not in self.loss_weights:
            return 0
        return min(samples - 1, round(self.memory.replayed * samples))

    def _rng(self, stream: int, step: int) -> np.random.Generator:
        return np.random.default_rng((torch.initial_seed(), stream, step))

    def _data(self) -> MemoryData:
        data = getattr(self.trainer, "datamodule", None)
        if not isinstance(data, MemoryData):
            raise TypeError(f"the memory phase needs MemoryData, not {type(data).__name__}")
        return data
