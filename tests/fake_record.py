"""What a report knows about a run, without a run: made in memory, with figures that are known."""

from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from nsca.benchmarks.scores import Score
from nsca.reporting.compose import compose_report
from nsca.reporting.run_record import RunRecord


def score(**changes: Any) -> Score:
    """A clean accuracy of 0.8 of trained features on `val`, with changes."""
    values: dict[str, Any] = {
        "split": "val",
        "protocol": "transfer",
        "quantity": "shape",
        "features": "trained",
        "measure": "accuracy",
        "corruption": "clean",
        "severity": 0,
        "value": 0.8,
        "chance": 0.25,
        "fit_rows": 1200,
        "test_rows": 300,
        "unseen": 0.0,
    }
    return Score(**(values | changes))


def scores(trained: float = 0.8, random: float = 0.6) -> list[Score]:
    """A class clean and in fog, a scalar, kNN; shuffled labels are at chance."""
    made = []
    for features, value in (("trained", trained), ("random", random), ("shuffled", 0.25)):
        made.append(score(features=features, value=value))
        made.append(score(features=features, value=value - 0.1, measure="knn_accuracy"))
        scalar = {"quantity": "size_m", "measure": "r2", "chance": 0.0, "features": features}
        made.append(score(**scalar, value=value - 0.3))
        for severity in (1, 5):
            fog = {"features": features, "corruption": "fog", "severity": severity}
            made.append(score(**fog, value=max(0.25, value - 0.08 * severity)))
    return made


def record(
    seed: int = 0, made: list[Score] | None = None, gabor: str = "frozen", **card: Any
) -> RunRecord:
    """A finished run of 100 steps with its evaluation (`made=[]`: none)."""
    path = Path(f"outputs/train/vision-tiny/2026-01-0{seed + 1}_12-00-00-000")
    steps = np.arange(0, 100, 10.0)
    curves = {
        "train/loss": np.stack([steps, 2 - steps / 80 + 0.1 * seed], axis=1),
        "val/loss": np.stack([steps, 2.1 - steps / 90], axis=1),
        "val/knn_shape": np.stack([steps, steps / 110], axis=1),
    }
    values = {
        "verb": "train",
        "status": "finished",
        "seed": seed,
        "command": f"python -m nsca.train phase=vision seed={seed}",
        "starts": ["2026-01-01T12:00:00+00:00"],
        "seconds": 12.5,
        "versions": {"torch": "2.0"},
        "data_fingerprint": "d" * 64,
    }
    settings = {"seed": seed, "model": {"vision": {"gabor": gabor}}, "data": {"path": "nowhere"}}
    made = scores() if made is None else made
    return RunRecord(
        path=path,
        card=values | card,
        config=OmegaConf.create(settings),
        curves=curves,
        evaluation=Path(f"outputs/evaluate/vision-tiny/{seed}") if made else None,
        evaluation_card={"command": "python -m nsca.evaluate", "seconds": 3.0} if made else {},
        scores=tuple(made),
        diagnoses=(),
    )


def page_of(*runs: RunRecord) -> str:
    """The page of these runs, without pictures."""
    return compose_report(list(runs), pictures=False, seed=0)
