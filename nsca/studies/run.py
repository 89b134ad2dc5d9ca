"""A whole study: its data, its missing jobs, its table and its picture."""

from pathlib import Path

from omegaconf import DictConfig

from nsca.assembly import build
from nsca.errors import UserError
from nsca.job_table import JobTable
from nsca.jobs import process_count, run_missing
from nsca.studies.study import Study


def run_study(node: DictConfig, experiments: Path, outputs: Path, workers: int | None) -> Path:
    """Run what is missing in `experiments/<name>/results.csv` and summarise the whole.

    Args:
        node: the study's configuration, a `Study`.
        experiments: the folder that holds one folder a study.
        outputs: where training runs, evaluations and logs go.
        workers: jobs at once; None for one a core.

    Raises:
        UserError: when finished jobs were made with other settings or other data; when a job
            failed or a worker died (finished jobs are kept, and the same command runs the rest).
        Stopped: a signal asked for it.
    """
    workers = process_count(workers)
    study: Study = build(node)
    home = experiments / study.name
    logs = outputs / "study" / study.name
    study.prepare()
    results = JobTable(home / "results.csv", study.origin)
    jobs = study.specifications(outputs)
    study.refuse_mixing(jobs, results)
    try:
        failures = run_missing(jobs, study.run, results, workers, logs, print)
    finally:
        home.mkdir(parents=True, exist_ok=True)
        study.summarise(results, home)
    if failures:
        names = ", ".join(f"{f.job.condition} seed={f.job.seed}" for f in failures)
        raise UserError(
            f"{len(failures)} jobs failed: {names}",
            f"read the logs in {logs}; the same command keeps what is done and runs the rest",
        )
    return home
