"""`python -m nsca.evaluate run=outputs/train/...`: judge a trained run on what it never saw."""

from pathlib import Path

from omegaconf import DictConfig

from nsca.errors import UserError
from nsca.verb import launch


def evaluate(cfg: DictConfig) -> Path:
    """Run the chosen benchmarks on a training run and return the evaluation's own run directory.

    It holds one table `<benchmark>.csv` each and run.json with every figure under
    `<benchmark>/<figure>`.

    Raises:
        UserError: several runs.
    """
    if cfg.run is not None and not isinstance(cfg.run, str):
        raise UserError(f"run={cfg.run}: one run is judged at a time", "-m run=<one>,<another>")
    from nsca.evaluation import evaluate_run

    return evaluate_run(
        cfg,
        run=cfg.run,
        seed=cfg.seed,
        outputs=cfg.outputs,
        data=cfg.get("data"),
        benchmarks=cfg.benchmark,
    )


if __name__ == "__main__":
    launch("evaluate", evaluate)
