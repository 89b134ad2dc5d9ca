"""A whole study: its data, its missing jobs, its table and its picture."""

from pathlib import Path

from omegaconf import DictConfig

from nsca.assembly import build
from nsca.babble import babble
from nsca.errors import UserError
from nsca.studies.jobs import JobSpecification, run_missing
from nsca.studies.plan import StudyPlan
from nsca.studies.results import Job, StudyResults
from nsca.studies.summary import StudyTable, markdown, plot
from nsca.verb import compose


def run_study(node: DictConfig, experiments: Path, outputs: Path, workers: int) -> Path:
    """Run what is missing in `experiments/<name>/results.csv` and summarise the whole.

    Args:
        node: the study's configuration, a `StudyPlan`.
        experiments: the folder that holds one folder a study.
        outputs: where training runs, evaluations and logs go.
        workers: jobs at once.

    Raises:
        UserError: when a job failed; finished ones are kept, and the same command runs the rest.
    """
    plan: StudyPlan = build(node)
    home = experiments / plan.name
    logs = outputs / "study" / plan.name
    if plan.babble is not None:
        babble(compose("babble", list(plan.babble)))
    results = StudyResults(home / "results.csv")
    failures = run_missing(specifications(plan, outputs), results, workers, logs, print)
    summarise(plan, results, home)
    if failures:
        names = ", ".join(f"{f.job.condition} seed={f.job.seed}" for f in failures)
        raise UserError(
            f"{len(failures)} jobs failed: {names}",
            f"read the logs in {logs}; the same command keeps what is done and runs the rest",
        )
    return home


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


def summarise(plan: StudyPlan, results: StudyResults, home: Path) -> None:
    """Write `table.md` and `figure.png` beside the results."""
    home.mkdir(parents=True, exist_ok=True)
    table = StudyTable(plan, results)
    heading = f"# {plan.name}\n\n{plan.question}\n\nPredicted: {plan.prediction}\n\n"
    (home / "table.md").write_text(heading + markdown(table), encoding="utf-8")
    plot(table, home / "figure.png")
