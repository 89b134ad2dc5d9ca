"""A whole study: its data, its missing jobs, its table and its picture."""

from pathlib import Path

from omegaconf import DictConfig

from nsca.assembly import build
from nsca.errors import UserError
from nsca.job_table import JobTable
from nsca.jobs import process_count, run_missing
from nsca.studies.study import Study


def run_study(
    node: DictConfig,
    experiments: Path,
    outputs: Path,
    workers: int | None,
    seeds_at_once: bool | None,
) -> Path:
    """Run what is missing in `experiments/<name>/results.csv` and summarise the whole.

    Args:
        node: the study's configuration, a `Study`.
        experiments: the folder that holds one folder a study.
        outputs: where training runs, evaluations and logs go.
        workers: jobs at once; None for one a core.
        seeds_at_once: whether the missing seeds of a condition learn at once in one worker; None
            where there is a CUDA device and the study can.

    Raises:
        UserError: when seeds should learn at once that cannot; when finished jobs were made with
            other settings or other data; when a job failed or a worker died (finished jobs are
            kept, and the same command runs the rest).
        Stopped: a signal asked for it.
    """
    workers = process_count(workers)
    study: Study = build(node)
    gather = study.gather if _at_once(study, seeds_at_once) else None
    home = experiments / study.name
    logs = outputs / "study" / study.name
    results = JobTable(home / "results.csv", study.origin)
    jobs = study.specifications(outputs)
    study.refuse_settings(jobs, results)
    study.prepare()
    study.refuse_data(jobs, results)
    try:
        failures = run_missing(jobs, study.run, results, workers, logs, print, gather=gather)
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


def _at_once(study: Study, asked: bool | None) -> bool:
    import torch

    if asked and not study.trains_at_once:
        raise UserError(
            f"seeds_at_once=true: the seeds of {study.name} do not learn few-shot phases, and no "
            "others can be trained at once",
            "leave it out",
        )
    return study.trains_at_once and (torch.cuda.is_available() if asked is None else asked)
