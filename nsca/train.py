"""`python -m nsca.train`: one training phase, from a configuration to a run directory."""

from pathlib import Path

from omegaconf import DictConfig

from nsca.verb import launch


def train(cfg: DictConfig) -> Path | None:
    """Train the configured phase and return its run directory; with dry_run=true print the plan.

    Of several processes that train together the first one returns it.
    """
    if cfg.dry_run:
        from nsca.plan import print_plan

        print_plan(cfg)
        return None
    from nsca.hardware import profile_of, require_hardware

    require_hardware(profile_of(cfg))  # before torch and lightning are imported
    from lightning.pytorch.utilities.rank_zero import rank_zero_only

    if rank_zero_only.rank > 0:
        from nsca.following import follow_training

        follow_training(cfg)
        return None
    from nsca.training import run_training

    return run_training(cfg)


if __name__ == "__main__":
    launch("train", train)
