"""Judging a stream of tasks: an oracle at the top, keeping the last state as it is called."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from phases.tiny_dynamics import Pushed
from phases.tiny_memory import Mirrored, trained
from phases.tiny_vision import MovingShapes

from nsca.benchmarks.benchmark import JudgedRun
from nsca.benchmarks.retention import RetentionBenchmark
from nsca.data.moments import Moments
from nsca.data.source import Split
from nsca.errors import UserError
from nsca.objectives.imagination import Imagination
from nsca.phases.memory.module import MemoryPhase


@pytest.fixture
def phase() -> MemoryPhase:
    return trained(4)


def judged(phase: MemoryPhase, source: object = None) -> dict[str, float]:
    run = JudgedRun(Path("run"), OmegaConf.create(), phase, source or Mirrored())
    benchmark = RetentionBenchmark()
    pieces = list(benchmark.judge(run, 0, Path()))
    assert all(pieces), "every piece has figures"
    return dict(benchmark.metrics([row for piece in pieces for row in piece]))


def test_the_end_is_what_the_run_measured_itself(phase: MemoryPhase):
    found = judged(phase)
    for number, task in enumerate(phase.stream.tasks):
        for after in range(3):
            expected = float(phase.errors[after, number, 0])
            assert found[f"val/error/{task}_{after}/trained"] == pytest.approx(expected, rel=1e-4)
    assert found["val/error/end/copy_last"] == pytest.approx(float(phase.kept[:, 0].mean()))
    assert found["val/place_m/end/trained"] > 0


class Oracle(Imagination):
    """Is told what comes, and errs by nothing; or keeps the last state."""

    def forward(self, batch, by_prior=False):
        found = super().forward(batch, by_prior)
        true = batch.physical[:, None, self.past :]
        return found._replace(physical=true.expand_as(found.physical))


class Lazy(Imagination):
    def forward(self, batch, by_prior=False):
        found = super().forward(batch, by_prior)
        last = batch.physical[:, None, self.past - 1 : self.past]
        return found._replace(physical=last.expand_as(found.physical))


def test_an_oracle_has_no_error_and_who_keeps_the_last_state_that_of_keeping_it(
    phase: MemoryPhase,
):
    phase.imagination.__class__ = Oracle
    assert judged(phase)["val/error/end/trained"] == 0
    phase.imagination.__class__ = Lazy
    found = judged(phase)
    assert found["val/error/end/trained"] == pytest.approx(found["val/error/end/copy_last"])


class Halved(Mirrored):
    """Nobody has done the second task."""

    def moments(self, split: Split) -> Moments:
        found = super().moments(split)
        return replace(found, task=np.full(len(found), "plain"))


def test_what_cannot_be_judged_is_refused(phase: MemoryPhase):
    with pytest.raises(UserError, match="other data than the run"):
        judged(phase, Mirrored(clips=30))
    with pytest.raises(UserError, match=r"shows the task 'mirrored', only plain"):
        judged(phase, Halved())
    with pytest.raises(UserError, match="one sense alone"):
        judged(phase, MovingShapes())
    with pytest.raises(UserError, match="which task"):
        judged(phase, Pushed())
    phase.stages_done.fill_(1)
    with pytest.raises(UserError, match="stopped after 1 of 2 stages"):
        judged(phase)
    phase.stages_done.fill_(2)
    with torch.no_grad():
        phase.imagination.dynamics.networks[0][-1].bias.fill_(torch.nan)
    with pytest.raises(UserError, match="diverged"):
        judged(phase)
