"""Jobs of a few-shot study: an arm learns from demonstrations and acts, seed by seed or at once."""

import contextlib
import functools
import hashlib
import importlib.metadata
import json
import math
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hydra.utils import get_class

from nsca.assembly import build
from nsca.benchmarks.few_shot_arms import Arm, PhaseArm
from nsca.benchmarks.few_shot_learning import Recipe, Shown, record
from nsca.benchmarks.few_shot_setting import Setting
from nsca.job_table import Job
from nsca.jobs import JobOutcome
from nsca.notice import notice
from nsca.phases.fewshot.module import FewShotPhase
from nsca.run_card import commit
from nsca.studies.study import kept
from nsca.worlds.metaworld.env import choose_backend

# what stands in jobs.csv: seconds by the wall clock of one core, commit, the beginning of a sha256
# of the job's settings, the simulator and its version
ORIGIN = ("seconds", "commit", "settings", "world")
PLACES = ("home",)  # keys of an arm that say where its files go, which changes no figure


@dataclass(frozen=True)
class Trial:
    """One arm in one setting with n demonstrations under one seed.

    Attributes:
        job: condition "<setting>/<count>/<arm>", and seed.
        arm: its configuration, not yet built: plain values travel to worker processes.
        setting, count, recipe, episodes: what all arms share.
        leave_out: see `FewShotStudy`.
    """

    job: Job
    arm: Mapping[str, Any]
    setting: Setting
    count: int
    recipe: Recipe
    episodes: int
    leave_out: str

    @property
    def settings(self) -> str:
        """Twelve digits that change with anything above but the names of arm and seed, where the
        arm's files go, and the recipe of an arm that follows none.
        """
        arm = {key: value for key, value in self.arm.items() if key not in PLACES}
        recipe = self.recipe if self.trains_a_phase else None
        text = json.dumps([arm, repr((self.setting, self.count, recipe)), self.episodes])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def trains_a_phase(self) -> bool:
        """Whether the arm learns by the recipe."""
        return issubclass(get_class(str(self.arm["_target_"])), PhaseArm)

    @property
    def world(self) -> str:
        """The simulator that plays here, such as "envpool 1.2.5": places differ by millimetres."""
        backend = choose_backend(self.setting.task, "auto", self.setting.physics)
        return f"{backend} {_version(backend)}"


@dataclass(frozen=True)
class Seeds:
    """Trials of one condition, which differ in the seed alone."""

    trials: Sequence[Trial]

    @property
    def job(self) -> Job:
        """The first one's; names the log."""
        return self.trials[0].job


def try_arm(specification: Trial, log: Path) -> JobOutcome:
    """Record demonstrations (arms in a row share them), learn, act.

    What is printed goes to `log`. An exception becomes the outcome's `error`, with its traceback in
    the log: one failed job must not end the study.
    """
    return _outcome(specification, partial(_learn_and_act, specification), log)


def try_seeds(specification: Seeds, log: Path) -> list[JobOutcome]:
    """Learn under all seeds at once, then act under one after the other; an outcome for each.

    Of the time that they learn together each one's `seconds` have an equal share. Where learning at
    once fails, a notice says so, the log says where, and each is tried alone, so that only those
    fail that must.
    """
    import torch

    torch.set_num_threads(1)
    trials = specification.trials
    first, seeds = trials[0], [trial.job.seed for trial in trials]
    failure = ""
    started = time.monotonic()
    with _printing_to(log):
        try:
            shown = [record(first.setting, first.count, seed) for seed in seeds]
            arm: PhaseArm = build(first.arm)
            phases = arm.learn_seeds(shown, first.recipe, seeds)
        except Exception as error:  # noqa: BLE001 -- one seed must not end the others
            traceback.print_exc()
            failure = f"{type(error).__name__}: {error}"
    if failure:
        what = f"{first.job.condition} could not learn all seeds at once ({failure})"
        notice(f"{what}; one by one now, see {log}")
        return [try_arm(trial, log) for trial in trials]
    share = (time.monotonic() - started) / len(trials)
    return [
        _outcome(trial, partial(_act, trial, arm, own, phase), log, share)
        for trial, own, phase in zip(trials, shown, phases, strict=True)
    ]


def _learn_and_act(trial: Trial) -> tuple[Shown, dict[str, float]]:
    import torch

    seed = trial.job.seed
    torch.manual_seed(seed)
    shown = record(trial.setting, trial.count, seed)
    arm: Arm = build(trial.arm)
    return shown, arm.figures(shown, trial.setting, trial.recipe, seed, trial.episodes)


def _act(
    trial: Trial, arm: PhaseArm, shown: Shown, phase: FewShotPhase
) -> tuple[Shown, dict[str, float]]:
    return shown, arm.judge(phase, shown, trial.setting, trial.job.seed, trial.episodes)


def _outcome(
    trial: Trial,
    trying: Callable[[], tuple[Shown, dict[str, float]]],
    log: Path,
    seconds: float = 0.0,
) -> JobOutcome:
    """What comes of trying; `seconds` were spent on it before."""
    import torch

    torch.set_num_threads(1)  # sums in another order are other sums
    started = time.monotonic()
    with _printing_to(log):
        try:
            shown, found = trying()
        except Exception as error:  # noqa: BLE001 -- reported, and the study goes on
            traceback.print_exc()
            return JobOutcome(trial.job, {}, None, f"{type(error).__name__}: {error}")
    if math.isfinite(shown.expert_success):
        found["expert_success"] = shown.expert_success
    seconds += time.monotonic() - started
    origin = {"seconds": f"{seconds:.1f}", "commit": _commit(), "settings": trial.settings}
    origin["world"] = trial.world
    figures = kept(trial.job.condition, found, trial.leave_out)
    return JobOutcome(trial.job, figures, origin, None)


def _commit() -> str:
    """12 of its 40 digits, and whether files differ from it: a table has thousands of them."""
    whole = commit()
    return whole[:12] + whole[40:]


@functools.cache  # a study has thousands of trials
def _version(package: str) -> str:
    return importlib.metadata.version(package)


@contextlib.contextmanager
def _printing_to(log: Path) -> Iterator[None]:
    log.parent.mkdir(parents=True, exist_ok=True)
    # line by line: what is tried alone after all writes to the same file
    out = log.open("a", buffering=1)
    with out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        yield
