"""`python -m nsca.pipeline`: gates, data, phases and their judgement in order, up to one report."""

from pathlib import Path

from omegaconf import DictConfig

from nsca.verb import launch


def pipeline(cfg: DictConfig) -> Path | None:
    """Run what is missing and return the pipeline's folder; with dry_run=true print what is.

    Raises:
        UserError: the graph makes no sense, a step failed or was refused.
        Stopped: a signal asked for it.
    """
    from nsca.assembly import build
    from nsca.pipelines.journal import Journal
    from nsca.pipelines.planning import print_pipeline
    from nsca.pipelines.progress import Progress, Shared, hardware_overrides
    from nsca.pipelines.run import run_pipeline

    steps = build(cfg.pipeline)
    shared = Shared(cfg.outputs, hardware_overrides(cfg), cfg.seed)
    if cfg.dry_run:
        home = Path(cfg.outputs) / "pipeline" / cfg.name
        print_pipeline(Progress(steps, shared, Journal(home)), cfg.name)
        return None
    return run_pipeline(steps, cfg.name, shared, cfg, force=cfg.force, at_once=cfg.steps_at_once)


if __name__ == "__main__":
    launch("pipeline", pipeline)
