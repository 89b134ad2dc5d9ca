"""`python -m nsca.report run=...`: one HTML file about one or several training runs."""

from pathlib import Path

from omegaconf import DictConfig

from nsca.verb import launch


def report(cfg: DictConfig) -> Path:
    """Write report.html about the runs (newest run without `run`) into a run directory of its own.

    Several runs that differ in the seed alone are shown as mean and standard error.

    Raises:
        UserError: a run that is not there, or no run at all.
    """
    from nsca.reporting.compose import compose_report
    from nsca.reporting.run_record import find_runs
    from nsca.run_card import write_atomically
    from nsca.run_directory import RunDirectory

    runs = find_runs(cfg.run, Path(cfg.outputs))
    target = RunDirectory.claim(Path(cfg.outputs) / "report", runs[0].path.parent.name)
    try:
        target.write_config(cfg)
        with target.card("report", cfg.seed) as card:
            html = compose_report(runs, pictures=cfg.pictures, seed=cfg.seed)
            write_atomically(target.path / "report.html", html.encode())
            card.record({"runs": len(runs), "megabytes": len(html) / 1e6})
    finally:
        target.release()
    print(f"report: {target.path / 'report.html'}")
    return target.path


if __name__ == "__main__":
    launch("report", report)
