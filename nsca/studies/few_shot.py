"""Few-shot studies: arms that learn from n demonstrations, in many settings, under many seeds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from nsca.assembly import build
from nsca.benchmarks.few_shot_learning import Recipe
from nsca.benchmarks.few_shot_setting import Setting
from nsca.job_table import Job, JobTable
from nsca.jobs import JobOutcome
from nsca.studies.few_shot_summary import SUCCESS, Scores, effects, learning_curves, tables
from nsca.studies.few_shot_trials import ORIGIN, Seeds, Trial, try_arm, try_seeds
from nsca.studies.study import Study, refuse, refuse_primary


@dataclass(frozen=True)
class FewShotStudy(Study):
    """See `Study`, and `conf/study/fewshot_*.yaml`.

    Attributes:
        name, question, prediction: see `Study`.
        reference: the arm that success is compared with.
        model_reference: the arm that what the model says is compared with (imagined success, the
            model's error); None where no arm has a model.
        seeds: each decides demonstrations, first weights and evaluation episodes, alike for all
            arms.
        settings: see `Setting.parse`.
        counts: numbers of demonstrations.
        primary: the one or two figures that the question is about, such as `success @ 1`: p is
            corrected over their comparisons alone; None for all, as in studies older than this.
        arms: configurations of `Arm`s by name (`_recursive_: false` keeps them unbuilt).
        recipe: how dynamics are learned, in every arm that does.
        episodes: of evaluation, for every arm, setting and seed.
        leave_out: a regular expression; figures in whose "condition name" it is found are not kept
            in results.csv.

    Raises:
        ValueError: the reference is no arm, or a seed, setting or count repeats.
        UserError: no such task; a primary figure is no success at a count, or the list is empty.
    """

    reference: str
    model_reference: str | None
    seeds: Sequence[int]
    settings: Sequence[str]
    counts: Sequence[int]
    primary: Sequence[str] | None
    arms: Mapping[str, Mapping[str, Any]]
    recipe: Mapping[str, Any]
    episodes: int
    leave_out: str

    origin: ClassVar[Sequence[str]] = ORIGIN
    trains_at_once: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for reference in filter(None, (self.reference, self.model_reference)):
            if reference not in self.arms:
                raise ValueError(f"reference {reference!r} is not among {list(self.arms)}")
        for what in ("seeds", "settings", "counts"):
            values = getattr(self, what)
            if len(set(values)) != len(values):
                raise ValueError(f"{what} repeat: {list(values)}")
        refuse_primary(self.primary, [f"{SUCCESS} @ {count}" for count in self.counts])
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
                self.leave_out,
            )
            for seed in self.seeds
            for setting in self.places()
            for count in self.counts
            for name, arm in self.arms.items()
        ]

    def gather(self, missing: Sequence[Trial]) -> list[Trial | Seeds]:
        """Condition by condition; trials of arms that train no phase stay alone."""
        found: dict[str, list[Trial]] = defaultdict(list)
        for trial in missing:
            found[trial.job.condition].append(trial)
        return [one for trials in found.values() for one in _together(trials)]

    @staticmethod
    def run(specification: Trial | Seeds, log: Path) -> JobOutcome | list[JobOutcome]:
        if isinstance(specification, Seeds):
            return try_seeds(specification, log)
        return try_arm(specification, log)

    def refuse_data(self, jobs: Sequence[Trial], results: JobTable) -> None:
        """Demonstrations follow from settings and the world that plays."""
        refuse("world", {trial.job: trial.world for trial in jobs}, results)

    def summarise(self, results: JobTable, home: Path) -> None:
        """`table.md`, `.csv`, `.tex`, `settings.md`, `.csv`, and two pictures."""
        scores = Scores(
            [setting.slug for setting in self.places()],
            self.counts,
            self.primary,
            list(self.arms),
            self.reference,
            self.model_reference,
            results,
        )
        for name, text in tables(scores).items():
            heading = self.heading if name.endswith(".md") else ""
            (home / name).write_text(heading + text, encoding="utf-8")
        learning_curves(scores).savefig(home / "figure.png", dpi=110)
        effects(scores).savefig(home / "effects.png", dpi=110)


def _together(trials: Sequence[Trial]) -> Sequence[Trial | Seeds]:
    """Of one condition, so of one arm."""
    return [Seeds(trials)] if trials[0].trains_a_phase and len(trials) > 1 else trials
