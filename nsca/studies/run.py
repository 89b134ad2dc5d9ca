"""A whole study: its data, its missing jobs, its table and its picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from omegaconf import DictConfig

from nsca.assembly import build, build_data
from nsca.babble import babble
from nsca.errors import UserError
from nsca.job_table import Job, JobTable
from nsca.jobs import process_count, run_missing
from nsca.paired_table import markdown
from nsca.reporting.tables import paired_csv, paired_latex
from nsca.studies.jobs import ORIGIN, JobSpecification, short, train_and_evaluate
from nsca.studies.plan import StudyPlan
from nsca.studies.summary import plot, study_table
from nsca.training import fingerprint_of
from nsca.verb import compose


def run_study(node: DictConfig, experiments: Path, outputs: Path, workers: int | None) -> Path:
    """Run what is missing in `experiments/<name>/results.csv` and summarise the whole.

    Args:
        node: the study's configuration, a `StudyPlan`.
        experiments: the folder that holds one folder a study.
        outputs: where training runs, evaluations and logs go.
        workers: jobs at once; None for one a core.

    Raises:
        UserError: when finished jobs were made with other settings or other data; when a job
            failed or a worker died (finished jobs are kept, and the same command runs the rest).
        Stopped: a signal asked for it.
    """
    workers = process_count(workers)
    plan: StudyPlan = build(node)
    home = experiments / plan.name
    logs = outputs / "study" / plan.name
    if plan.babble is not None:
        babble(compose("babble", list(plan.babble)))
    results = JobTable(home / "results.csv", ORIGIN)
    jobs = specifications(plan, outputs)
    _refuse_mixing(jobs, results, made_data=plan.babble is not None)
    try:
        failures = run_missing(jobs, train_and_evaluate, results, workers, logs, print)
    finally:
        summarise(plan, results, home)
    if failures:
        names = ", ".join(f"{f.job.condition} seed={f.job.seed}" for f in failures)
        raise UserError(
            f"{len(failures)} jobs failed: {names}",
            f"read the logs in {logs}; the same command keeps what is done and runs the rest",
        )
    return home


def _refuse_mixing(jobs: Sequence[JobSpecification], results: JobTable, *, made_data: bool) -> None:
    """A table must not mix figures of different studies, nor claim what this command did not make.

    Where the data is given (photographs) it is looked at only if there is something left to run.
    """
    made = {spec.job: spec.settings for spec in jobs}
    _refuse("settings", results.made_otherwise("settings", made), results)
    if made_data or any(spec.job not in results.finished() for spec in jobs):
        # A condition may change the data; its seeds do not.
        data = {train: _data_of(train) for train in dict.fromkeys(spec.train for spec in jobs)}
        expected = {spec.job: data[spec.train] for spec in jobs}
        _refuse("data", results.made_otherwise("data", expected), results)


def _data_of(train: Sequence[str]) -> str:
    """The beginning of the fingerprint of the data that these overrides choose."""
    return short(fingerprint_of(build_data(compose("train", list(train)))))


def _refuse(what: str, odd: Mapping[Job, str], results: JobTable) -> None:
    if not odd:
        return
    job, was = next(iter(odd.items()))
    raise UserError(
        f"{results.jobs_path}: {len(odd)} finished jobs, such as {job.condition} seed={job.seed}, "
        f"were made with other {what} ({was}) than this command now has",
        f"move {results.path.parent} away to run the study anew; the commit column says what made "
        "the old figures",
    )


def specifications(plan: StudyPlan, outputs: Path) -> list[JobSpecification]:
    """Every job of a study, seed by seed, so that a study cut short has whole seeds."""
    where = f"outputs={outputs}"
    return [
        JobSpecification(
            Job(condition, seed),
            (*plan.train, *overrides, where),
            (*plan.evaluate, where),
            plan.leave_out,
        )
        for seed in plan.seeds
        for condition, overrides in plan.conditions.items()
    ]


def summarise(plan: StudyPlan, results: JobTable, home: Path) -> None:
    """Write `table.md`, `.csv` and `.tex` and `figure.png` beside the results."""
    home.mkdir(parents=True, exist_ok=True)
    table = study_table(plan, results)
    heading = f"# {plan.name}\n\n{plan.question}\n\nPredicted: {plan.prediction}\n\n"
    (home / "table.md").write_text(heading + markdown(table), encoding="utf-8")
    (home / "table.csv").write_text(paired_csv(table), encoding="utf-8")
    (home / "table.tex").write_text(paired_latex(table), encoding="utf-8")
    plot(table, home / "figure.png")
