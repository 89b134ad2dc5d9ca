"""A study of training runs: every condition is trained and evaluated under every seed.

Conditions that need several phases train them in order: `earlier` names the ones that come first,
`<name>` in the overrides of a later one stands for the run of an earlier one, as in
`parts.vision=<vision>`. Conditions differ in the last phase alone, so those of a seed share what is
earlier; one that puts something else in the place of a part does without the phase that trains it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import ClassVar

from nsca.assembly import build_data
from nsca.babble import babble
from nsca.job_table import Job, JobTable
from nsca.paired_table import PairedTable, markdown
from nsca.reporting.tables import paired_csv, paired_latex
from nsca.studies.jobs import ORIGIN, JobSpecification, short, train_and_evaluate
from nsca.studies.study import Study, refuse, refuse_primary
from nsca.studies.summary import plot, plot_groups
from nsca.training import fingerprint_of
from nsca.verb import compose

SEED = "<seed>"


@dataclass(frozen=True)
class StudyPlan(Study):
    """A question with its conditions and seeds; `conf/study/<name>.yaml` is one.

    Attributes:
        name: of the folder `experiments/<name>/` that holds the figures.
        question: what is asked, in a sentence.
        prediction: what was expected before the run.
        reference: the condition that all others are compared with; where conditions are named
            `<number>/<name>` (so much data, for example), the one in each of these groups.
        seeds: every condition runs under each of them.
        babble: overrides of the data generation that comes first; None where data is given.
        train: overrides that all training runs share; SEED in them, and in `babble`, stands for
            the run's seed, so that each may have data of its own, or a fold.
        conditions: by name, the overrides that make a condition what it is.
        evaluate: overrides of the evaluation.
        leave_out: a regular expression; figures in whose "condition name" it is found are not kept
            in results.csv.
        metrics: of the figures kept, what the table and the picture show.
        primary: the one or two of them that the question is about: p is corrected over their
            comparisons alone; None for all, as in studies that are older than this.
        baselines: rows without training, by name: what stands in place of `trained` in the name of
            a metric, such as `pixels`. Their values come from the evaluation of the reference; with
            groups from that of the group whose name they carry, as `<number>/pixels`, else of the
            first one.
        earlier: overrides of the training runs that come before, by name, in order.
        higher_is_better: whether the metrics are such; errors are not.
        folds: where seeds stand for parts of the same data (a speaker held out): so many, seed mod
            `folds` says which. Seeds of a fold repeat it and are averaged before anything is
            compared, so that repeats do not count as folds.

    Raises:
        ValueError: when the reference is no condition, a seed repeats, a name is used twice, or
            `<name>` stands where no earlier run has that name.
        UserError: a primary metric is not shown, or the list of them is empty.
    """

    reference: str
    seeds: Sequence[int]
    babble: Sequence[str] | None
    train: Sequence[str]
    conditions: Mapping[str, Sequence[str]]
    evaluate: Sequence[str]
    leave_out: str
    metrics: Sequence[str]
    primary: Sequence[str] | None
    baselines: Mapping[str, str]
    earlier: Mapping[str, Sequence[str]] = field(default_factory=dict)
    higher_is_better: bool = True
    folds: int | None = None

    origin: ClassVar[Sequence[str]] = ORIGIN
    run = staticmethod(train_and_evaluate)

    def __post_init__(self) -> None:
        for group in self.groups or [""]:
            reference = f"{group}/{self.reference}" if group else self.reference
            if reference not in self.conditions:
                raise ValueError(f"reference {reference!r} is not among {list(self.conditions)}")
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"a seed repeats: {list(self.seeds)}")
        if both := self.conditions.keys() & self.baselines.keys():
            raise ValueError(f"both a condition and a baseline: {sorted(both)}")
        refuse_primary(self.primary, self.metrics)
        known = {SEED}
        last = (self.train, *self.conditions.values(), self.evaluate)
        for name, own in (*self.earlier.items(), *(("", own) for own in last)):
            if unknown := _names(own) - known:
                raise ValueError(f"{sorted(unknown)}: no earlier run, only {sorted(known)}")
            known.add(f"<{name}>")

    @property
    def groups(self) -> list[str]:
        """What stands before the slash in the names of conditions, in order."""
        named = (condition.rpartition("/")[0] for condition in self.conditions)
        return [group for group in dict.fromkeys(named) if group]

    def baseline_metric(self, baseline: str, metric: str) -> str | None:
        """The name under which the evaluation of a run keeps a baseline's value of a metric; None
        for a metric that is not of what was trained (`/trained`) and so has no baseline.
        """
        if "/trained" not in metric:
            return None
        return metric.replace("/trained", f"/{self.baselines[baseline]}")

    def prepare(self) -> None:
        for own in dict.fromkeys(_of_seed(self.babble or (), seed) for seed in self.seeds):
            if own:
                babble(compose("babble", list(own)))

    def specifications(self, outputs: Path) -> list[JobSpecification]:
        """Seed by seed; where earlier runs are shared condition by condition, so that two workers
        do not train the same phase at the same time.
        """
        jobs = [Job(condition, seed) for seed in self.seeds for condition in self.conditions]
        if self.earlier:
            jobs.sort(key=lambda job: list(self.conditions).index(job.condition))
        return [self._specification(job, f"outputs={outputs}") for job in jobs]

    def _specification(self, job: Job, where: str) -> JobSpecification:
        shared = _of_seed(self.train, job.seed)
        own = _of_seed(self.conditions[job.condition], job.seed)
        train = _standing((*shared, *own, where))
        earlier: list[tuple[str, tuple[str, ...]]] = []
        for name, own in list(self.earlier.items())[::-1]:
            if any(f"<{name}>" in _names(run) for run in (train, *(o for _, o in earlier))):
                earlier.insert(0, (name, (*_of_seed(own, job.seed), where)))
        evaluate = (*_of_seed(self.evaluate, job.seed), where)
        return JobSpecification(job, train, evaluate, self.leave_out, tuple(earlier))

    def refuse_data(self, jobs: Sequence[JobSpecification], results: JobTable) -> None:
        """Nor may a table claim what this command did not make. Where the data is given
        (photographs) it is looked at only if there is something left to run.
        """
        if self.babble is not None or any(spec.job not in results.finished() for spec in jobs):
            data = {train: _data_of(train) for train in dict.fromkeys(spec.train for spec in jobs)}
            expected = {spec.job: data[spec.train] for spec in jobs}
            refuse("data", expected, results)

    def table(self, results: JobTable) -> PairedTable:
        """The conditions, then the baselines from the evaluation of a reference."""

        def values(row: str, metric: str) -> dict[int, float]:
            if row not in self.baselines:
                return self._by_fold(results.values(row, metric))
            groups = [group for group in self.groups if row.startswith(f"{group}/")] or self.groups
            source = "/".join([*groups[:1], self.reference])
            name = self.baseline_metric(row, metric)
            return {} if name is None else self._by_fold(results.values(source, name))

        rows = [*self.conditions, *self.baselines]
        return PairedTable(
            rows,
            self.metrics,
            self.metrics if self.primary is None else self.primary,
            self.reference,
            values,
            higher_is_better=self.higher_is_better,
            grouped=bool(self.groups),
        )

    def summarise(self, results: JobTable, home: Path) -> None:
        """`table.md`, `.csv` and `.tex` and `figure.png`; with groups also `curves.png`: the first
        metric against them.
        """
        table, heading = self.table(results), self.heading
        if self.folds is not None:
            heading += f"Compared are {self.folds} folds, each the mean of its repeats.\n\n"
        (home / "table.md").write_text(heading + markdown(table), encoding="utf-8")
        (home / "table.csv").write_text(paired_csv(table), encoding="utf-8")
        (home / "table.tex").write_text(paired_latex(table), encoding="utf-8")
        plot(table, home / "figure.png")
        if self.groups:
            plot_groups(table, list(self.baselines), home / "curves.png")

    def _by_fold(self, values: Mapping[int, float]) -> dict[int, float]:
        if self.folds is None:
            return dict(values)
        folds: dict[int, list[float]] = {}
        for seed, value in values.items():
            folds.setdefault(seed % self.folds, []).append(value)
        return {fold: fmean(repeats) for fold, repeats in folds.items()}


def _of_seed(overrides: Sequence[str], seed: int) -> tuple[str, ...]:
    return tuple(override.replace(SEED, str(seed)) for override in overrides)


def _names(overrides: Sequence[str]) -> set[str]:
    """What stands in `<>` in these overrides."""
    return {name for override in overrides for name in re.findall(r"<\w+>", override)}


def _standing(overrides: Sequence[str]) -> tuple[str, ...]:
    """Leave out names of earlier runs where a later override of the same key takes their place."""
    last = {override.partition("=")[0]: override for override in overrides}
    return tuple(o for o in overrides if o in last.values() or not _names([o]))


def _data_of(train: Sequence[str]) -> str:
    """The beginning of the fingerprint of the data that these overrides choose; parts do not."""
    own = [override for override in train if not override.startswith("parts.")]
    return short(fingerprint_of(build_data(compose("train", own))))
