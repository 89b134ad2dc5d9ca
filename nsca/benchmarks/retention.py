"""What a stream of tasks left behind: errors of each task before, along and after it.

Errors before the stream and after each stage were measured by the run itself, on windows that
follow from the data alone. Before the stream stands what skipping the phase leaves: the dynamics
that it began from. The end is measured anew; beside it stands keeping the last state.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from nsca.benchmarks.benchmark import JudgedRun
from nsca.benchmarks.retentions import Retained, retention_metrics
from nsca.data.moments import MomentSource
from nsca.data.windows import WindowRows
from nsca.errors import UserError
from nsca.objectives.retention import MEASURES, errors_by_task, windows_of
from nsca.phases.memory.module import MemoryPhase

TOLERANCE = 1e-3  # relative, of errors that another processor measures


class RetentionBenchmark:
    """The benchmark; it has nothing to set."""

    judges: ClassVar[frozenset[str]] = frozenset({"memory"})
    row: ClassVar[type] = Retained

    def judge(self, run: JudgedRun | None, seed: int, folder: Path) -> Iterator[Sequence[Retained]]:
        """See `Benchmark`.

        Raises:
            UserError: the stream is not over, other data than the run was trained on, or errors
                that are not finite.
        """
        if run is None:
            raise ValueError("a run is needed")
        phase, source = run.phase, run.source
        if not isinstance(source, MomentSource):
            raise UserError("this data has one sense alone", "leave out data=")
        if not isinstance(phase, MemoryPhase):
            raise TypeError(f"{type(phase).__name__} went through no stream of tasks")
        done, stages = int(phase.stages_done), len(phase.stream.stages)
        if done < stages:
            raise UserError(
                f"{run.path} stopped after {done} of {stages} stages of its stream",
                "train it to its end: the same command with resume=auto",
            )
        model, tasks = phase.imagination, phase.stream.tasks
        split = source.held_out[0]
        moments = source.moments(split)
        model.check_moments(moments)
        rows = WindowRows(moments, model.past, model.ahead, source.name)
        starts = {task: windows_of(rows, task) for task in tasks}
        rows.ask(phase.senses, phase.encoder, np.sort(np.concatenate(list(starts.values()))))
        kept = errors_by_task(model, rows, tasks, kept=True)
        if not torch.allclose(kept, phase.kept.cpu(), rtol=TOLERANCE):
            raise UserError(
                "other data than the run was trained on: what it measured along its stream cannot "
                "be set beside it",
                "leave out data=; benchmark=forecast judges a run on other data",
            )
        errors = phase.errors.cpu().clone()
        errors[stages] = errors_by_task(model, rows, tasks)
        if not torch.isfinite(errors).all():
            raise UserError(
                "what is foretold is not finite: the training diverged",
                "train again with a smaller learning rate",
            )
        for number, task in enumerate(tasks):
            shared = (split, task, phase.stream.stage_of[task] + 1)
            for place, measure in enumerate(MEASURES):
                count = len(starts[task])
                own = errors[:, number, place].tolist()
                yield [
                    *(
                        Retained(*shared, after, "trained", measure, value, count)
                        for after, value in enumerate(own)
                    ),
                    Retained(
                        *shared, stages, "copy_last", measure, float(kept[number, place]), count
                    ),
                ]

    def metrics(self, rows: Sequence[Retained]) -> Mapping[str, float]:
        """See `retention_metrics`."""
        return retention_metrics(rows)
