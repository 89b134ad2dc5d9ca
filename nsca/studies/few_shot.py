"""Few-shot studies: arms that learn from n demonstrations, in many settings, under many seeds."""

import contextlib
import hashlib
import json
import math
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from nsca.assembly import build
from nsca.benchmarks.few_shot_arms import Arm
from nsca.benchmarks.few_shot_learning import Recipe, record
from nsca.benchmarks.few_shot_setting import Setting
from nsca.job_table import Job, JobTable
from nsca.jobs import JobOutcome
from nsca.run_card import commit
from nsca.studies.few_shot_summary import Scores, effects, learning_curves, tables
from nsca.studies.study import Study, refuse

# what stands in jobs.csv: seconds by the wall clock of one core, commit, the beginning of a sha256
# of the job's settings
ORIGIN = ("seconds", "commit", "settings")


@dataclass(frozen=True)
class Trial:
    """One arm in one setting with n demonstrations under one seed.

    Attributes:
        job: condition "<setting>/<count>/<arm>", and seed.
        arm: its configuration, not yet built: plain values travel to worker processes.
        setting, count, recipe, episodes: what all arms share.
    """

    job: Job
    arm: Mapping[str, Any]
    setting: Setting
    count: int
    recipe: Recipe
    episodes: int

    @property
    def settings(self) -> str:
        """Twelve digits that change with anything above but the names of arm and seed."""
        text = json.dumps(
            [dict(self.arm), repr((self.setting, self.count, self.recipe)), self.episodes]
        )
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def try_arm(specification: Trial, log: Path) -> JobOutcome:
    """Record demonstrations (arms in a row share them), learn, act.

    What is printed goes to `log`. An exception becomes the outcome's `error`, with its traceback in
    the log: one failed job must not end the study.
    """
    import torch

    log.parent.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # sums in another order are other sums
    with log.open("a") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        started = time.monotonic()
        try:
            torch.manual_seed(specification.job.seed)
            shown = record(specification.setting, specification.count, specification.job.seed)
            arm: Arm = build(specification.arm)
            found = arm.figures(
                shown,
                specification.setting,
                specification.recipe,
                specification.job.seed,
                specification.episodes,
            )
        except Exception as error:  # noqa: BLE001 -- reported, and the study goes on
            traceback.print_exc(file=out)
            return JobOutcome(specification.job, {}, None, f"{type(error).__name__}: {error}")
    if math.isfinite(shown.expert_success):
        found["expert_success"] = shown.expert_success
    seconds = f"{time.monotonic() - started:.1f}"
    origin = {"seconds": seconds, "commit": commit(), "settings": specification.settings}
    return JobOutcome(specification.job, found, origin, None)


@dataclass(frozen=True)
class FewShotStudy(Study):
    """See `Study`, and `conf/study/fewshot_*.yaml`.

    Attributes:
        name, question, prediction: see `Study`.
        reference: the arm that all others are compared with.
        seeds: each decides demonstrations, first weights and evaluation episodes, alike for all
            arms.
        settings: see `Setting.parse`.
        counts: numbers of demonstrations.
        arms: configurations of `Arm`s by name (`_recursive_: false` keeps them unbuilt).
        recipe: how dynamics are learned, in every arm that does.
        episodes: of evaluation, for every arm, setting and seed.

    Raises:
        ValueError: the reference is no arm, or a seed, setting or count repeats.
        UserError: no such task.
    """

    reference: str
    seeds: Sequence[int]
    settings: Sequence[str]
    counts: Sequence[int]
    arms: Mapping[str, Mapping[str, Any]]
    recipe: Mapping[str, Any]
    episodes: int

    origin: ClassVar[Sequence[str]] = ORIGIN
    run = staticmethod(try_arm)

    def __post_init__(self) -> None:
        if self.reference not in self.arms:
            raise ValueError(f"reference {self.reference!r} is not among {list(self.arms)}")
        for what in ("seeds", "settings", "counts"):
            values = getattr(self, what)
            if len(set(values)) != len(values):
                raise ValueError(f"{what} repeat: {list(values)}")
        self.places()

    def places(self) -> list[Setting]:
        """The settings, read."""
        return [Setting.parse(text) for text in self.settings]

    def prepare(self) -> None:
        """Nothing: demonstrations are recorded where they are needed, in seconds."""

    def specifications(self, outputs: Path) -> list[Trial]:
        del outputs  # nothing but the log is written
        recipe: Recipe = build(self.recipe)
        return [
            Trial(
                Job(f"{setting.slug}/{count}/{name}", seed),
                arm,
                setting,
                count,
                recipe,
                self.episodes,
            )
            for seed in self.seeds
            for setting in self.places()
            for count in self.counts
            for name, arm in self.arms.items()
        ]

    def refuse_mixing(self, jobs: Sequence[Trial], results: JobTable) -> None:
        """Settings alone: demonstrations follow from them."""
        made = {trial.job: trial.settings for trial in jobs}
        refuse("settings", results.made_otherwise("settings", made), results)

    def summarise(self, results: JobTable, home: Path) -> None:
        """`table.md`, `.csv`, `.tex`, `tasks.md`, and two pictures."""
        scores = Scores(
            [setting.slug for setting in self.places()],
            self.counts,
            list(self.arms),
            self.reference,
            results,
        )
        for name, text in tables(scores).items():
            heading = self.heading if name.endswith(".md") else ""
            (home / name).write_text(heading + text, encoding="utf-8")
        learning_curves(scores).savefig(home / "figure.png", dpi=110)
        effects(scores).savefig(home / "effects.png", dpi=110)
