"""`python -m nsca.train`: one training phase, from a configuration to a run directory."""

from pathlib import Path

from omegaconf import DictConfig

from nsca.verb import launch


def train(cfg: DictConfig) -> Path:
    """Trains the configured phase (or prints the plan when dry_run=true) and returns its run directory."""
    if cfg.dry_run:
        from nsca.plan import print_plan

        return print_plan(cfg)
    from nsca.training import run_training

    return run_training(cfg)


if __name__ == "__main__":
    launch("train", train)
