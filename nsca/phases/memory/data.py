"""Windows of moments in, task by task, one optimiser step an item; validation shows all tasks."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Int64

from nsca.data.batch import TaskBatch
from nsca.data.sample_order import sample_order
from nsca.data.source import Split
from nsca.data.step_loader import VALIDATION_SEED_OFFSET, Epoch, StepLoader
from nsca.data.task_stream import TaskStream
from nsca.data.windows import WindowRows
from nsca.errors import UserError
from nsca.objectives.retention import windows_of
from nsca.phases.window_data import WindowData


class TaskSteps(StepLoader[TaskBatch]):
    """The windows of each step, all from one of several sets.

    Args:
        rows: of one split.
        sets: windows that a step may draw from; each has at least a batch.
        tasks: number of the task of every window, -1 where the stream does not have it.
        turn: from the step that rows are drawn for to the set's number, and to the step that the
            set is drawn for.
        epoch: how they are drawn.
    """

    def __init__(
        self,
        rows: WindowRows,
        sets: Sequence[Int64[np.ndarray, " row"]],
        tasks: Int64[np.ndarray, " window"],
        turn: Callable[[int], tuple[int, int]],
        epoch: Epoch,
    ) -> None:
        super().__init__(len(rows), epoch)
        self._windows = rows
        self._sets = sets
        self._tasks = tasks
        self._turn = turn

    def drawn_rows(self, drawn: int) -> Int64[np.ndarray, " batch"]:
        which, own = self._turn(drawn)
        chosen = self._sets[which]
        return chosen[sample_order(self.epoch.seed, own, len(chosen), self.epoch.batch)]

    def gather(self, rows: Int64[np.ndarray, " batch"], drawn: int, step: int) -> TaskBatch:
        found = self._windows.window(self._windows.starts[rows], step)
        return TaskBatch(
            **found.tensors(),
            step=step,
            task=torch.from_numpy(self._tasks[rows]),
            replayed=torch.zeros(len(rows), dtype=torch.bool),
        )


class MemoryData(WindowData):
    """Batches of windows for the memory phase.

    Args:
        source: where moments come from: a MomentSource whose moments have tasks.
        stream: see `TaskStream`.
        past, ahead: moments of a window that are seen, and that are to be imagined.
        effective_batch, seed: see `StepData`.
        validation_batches: of every task.

    Raises:
        UserError: the source has no moments of several senses, or an impossible stream.
    """

    def __init__(
        self,
        *,
        source: object,
        stream: Sequence[str],
        past: int,
        ahead: int,
        effective_batch: int,
        seed: int,
        validation_batches: int,
    ) -> None:
        super().__init__(
            source=source,
            past=past,
            ahead=ahead,
            effective_batch=effective_batch,
            seed=seed,
            validation_batches=validation_batches,
        )
        self.stream = TaskStream(stream)

    def setup(self, stage: str) -> None:
        """Load both splits.

        Raises:
            UserError: a task without windows, a stage with too few of them for a batch, or too few
                steps for the stream.
        """
        super().setup(stage)
        trainer = self._trainer()
        if not trainer.fast_dev_run:
            self.stream.require_steps(trainer.max_steps)
        for split in ("train", "val"):
            self._require_windows(split)
        for tasks, rows in zip(self.stream.stages, self._stages("train"), strict=True):
            if len(rows) < self.effective_batch:
                raise UserError(
                    f"{self._name} has {len(rows)} training windows of {'+'.join(tasks)}, fewer "
                    f"than the effective batch of {self.effective_batch}",
                    f"set effective_batch={len(rows)} or less, or generate more interactions",
                )

    def loader(self, stored: WindowRows, epoch: Epoch) -> TaskSteps:
        """The training's: a step draws from its stage."""
        total = max(1, self._trainer().max_steps)

        def turn(step: int) -> tuple[int, int]:
            return self.stream.stage_at(step, total), step

        return TaskSteps(stored, self._stages("train"), self._numbers(stored), turn, epoch)

    def val_dataloader(self) -> TaskSteps:
        """Every task in turn."""
        stored, tasks = self.stored("val"), self.stream.tasks
        sets = [stored.of_tasks([task]) for task in tasks]
        epoch = Epoch(
            self.seed + VALIDATION_SEED_OFFSET,
            min(self.effective_batch, *map(len, sets)),
            self.validation_batches * len(tasks),
            first_step=lambda: 0,
            repeats=True,
        )

        def turn(step: int) -> tuple[int, int]:
            return step % len(tasks), step // len(tasks)

        return TaskSteps(stored, sets, self._numbers(stored), turn, epoch)

    def validated(self, val: WindowRows) -> Int64[np.ndarray, " row"]:
        """Return those that validation shows, and those that what is kept is measured on."""
        measured = [windows_of(val, task) for task in self.stream.tasks]
        places = np.searchsorted(val.starts, np.concatenate(measured))
        return np.union1d(super().validated(val), places)

    def _stages(self, split: Split) -> list[Int64[np.ndarray, " row"]]:
        return [self.stored(split).of_tasks(tasks) for tasks in self.stream.stages]

    def _numbers(self, stored: WindowRows) -> Int64[np.ndarray, " window"]:
        numbers = np.full(len(stored), -1, np.int64)
        for number, task in enumerate(self.stream.tasks):
            numbers[stored.of_tasks([task])] = number
        return numbers

    def _require_windows(self, split: Split) -> None:
        stored = self.stored(split)
        for task in self.stream.tasks:
            if not len(stored.of_tasks([task])):
                there = ", ".join(stored.tasks())
                raise UserError(
                    f"{self._name} has no {split} windows of the task {task}; it has {there}",
                    f"take {task} out of phase.stream, or generate more interactions",
                )
