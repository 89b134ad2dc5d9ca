"""What a report knows about a training run: its card, curves, and the evaluations made of it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig

from nsca.assembly import plain
from nsca.benchmarks.forecasts import Forecast, holds_forecasts
from nsca.benchmarks.outcomes import Outcome, holds_outcomes
from nsca.benchmarks.retentions import Retained, holds_retention
from nsca.benchmarks.scores import Score, read_table
from nsca.callbacks.diagnosis import DIAGNOSES, recorded_diagnoses
from nsca.errors import UserError
from nsca.loggers.csv_log import METRICS, read_metrics
from nsca.rate_finder import LEARNING_RATES, RateCurve, read_curve
from nsca.run_card import RUN_CARD, load_run_card
from nsca.run_directory import CONFIG
from nsca.trained_phase import load_config

# what may differ between runs of one condition
NOT_A_CONDITION = ("seed", "outputs", "resume", "logger", "hardware", "dry_run", "checkpoint")


@dataclass(frozen=True)
class RunRecord:
    """One training run with its newest evaluation.

    Attributes:
        path: of the run directory.
        card: run.json.
        config: config.yaml, resolved.
        curves: by name, [point, (step, value)].
        evaluation: directory of the newest finished evaluation, None where there is none.
        evaluation_card: its run.json; empty without evaluation.
        scores: of that evaluation, all benchmarks of features together.
        diagnoses: what was found to go wrong: step, name, evidence, remedy.
        outcomes: of that evaluation, all benchmarks of agents together.
        forecasts, retained: of that evaluation.
        rates: what a search for a learning rate found; None of any other run.
    """

    path: Path
    card: Mapping[str, Any]
    config: DictConfig
    curves: Mapping[str, np.ndarray]
    evaluation: Path | None
    evaluation_card: Mapping[str, Any]
    scores: tuple[Score, ...]
    diagnoses: tuple[Mapping[str, Any], ...]
    outcomes: tuple[Outcome, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    rates: RateCurve | None = None
    retained: tuple[Retained, ...] = ()


def read_run(path: Path) -> RunRecord:
    """Read a training run, or the run that an evaluation judged, with its newest evaluation.

    Raises:
        UserError: no run there, or damaged files.
    """
    path = Path(path)
    if not path.is_dir():
        raise UserError(f"there is no run {path}", "ls -d outputs/train/*/* shows the runs")
    card = load_run_card(path)
    chosen = None
    if card.get("verb") == "evaluate":
        if "evaluated_run" not in card:
            raise UserError(
                f"{path} does not say which run it judged",
                "give a training run; figures of no run stand in the evaluation's own tables",
            )
        chosen, path = path, (path / str(card["evaluated_run"])).resolve()
        card = load_run_card(path)
    if card.get("verb") != "train":
        raise UserError(
            f"{path} is a run of {card.get('verb')}", "give runs of nsca.train or nsca.evaluate"
        )
    config = load_config(path) if (path / CONFIG).is_file() else DictConfig({})
    evaluation = chosen or newest_evaluation(path)
    scores: list[Score] = []
    outcomes: list[Outcome] = []
    forecasts: list[Forecast] = []
    retained: list[Retained] = []
    if evaluation is not None:
        for table in sorted(evaluation.glob("*.csv")):
            with _damage_named(table):
                if holds_outcomes(table):
                    outcomes += read_table(table, Outcome)
                elif holds_forecasts(table):
                    forecasts += read_table(table, Forecast)
                elif holds_retention(table):
                    retained += read_table(table, Retained)
                else:
                    scores += read_table(table, Score)
    with _damage_named(path / METRICS):
        curves = read_curves(path)
    with _damage_named(path / DIAGNOSES):
        diagnoses = tuple(recorded_diagnoses(path))
    with _damage_named(path / LEARNING_RATES):
        rates = read_curve(path)
    return RunRecord(
        path=path,
        card=card,
        config=config,
        curves=curves,
        evaluation=evaluation,
        evaluation_card=load_run_card(evaluation) if evaluation is not None else {},
        scores=tuple(scores),
        diagnoses=diagnoses,
        outcomes=tuple(outcomes),
        forecasts=tuple(forecasts),
        rates=rates,
        retained=tuple(retained),
    )


@contextmanager
def _damage_named(file: Path) -> Iterator[None]:
    """Content that cannot be read becomes an error that names its file."""
    try:
        yield
    except ValueError as error:
        raise UserError(
            f"{file} is damaged: {error}", "restore it, or leave that run out"
        ) from error


def read_curves(path: Path) -> dict[str, np.ndarray]:
    """metrics.csv by name, [point, (step, value)]; a value that is not finite is left out."""
    points: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for step, name, value in read_metrics(path):
        if np.isfinite(value):
            points[name].append((step, value))
    return {name: np.array(rows, dtype=np.float64) for name, rows in points.items()}


def newest_evaluation(run: Path) -> Path | None:
    """The newest finished evaluation of a run in the outputs folder that the run lies in."""
    run = run.resolve()
    outputs = next((p.parent for p in run.parents if p.name == "train"), None)
    if outputs is None or not (outputs / "evaluate").is_dir():
        return None
    found = []
    for file in (outputs / "evaluate").glob(f"*/*/{RUN_CARD}"):
        card = load_run_card(file.parent)
        judged = card.get("evaluated_run")
        if card.get("status") == "finished" and judged and (file.parent / judged).resolve() == run:
            found.append(file.parent)
    return max(found, key=lambda path: path.name, default=None)


def find_runs(asked: str | Sequence[str] | None, outputs: Path) -> list[RunRecord]:
    """The runs of `run=`: a directory, a list, a pattern; the newest finished run for None.

    Raises:
        UserError: nothing there.
    """
    if not asked:
        return [read_run(newest_run(outputs))]
    paths: list[Path] = []
    for text in [asked] if isinstance(asked, str) else asked:
        found = [Path(text)] if Path(text).is_dir() else sorted(Path(p) for p in glob(text))
        found = [path for path in found if (path / RUN_CARD).is_file()]
        if not found:
            raise UserError(f"there is no run {text}", "ls -d outputs/train/*/* shows the runs")
        paths += found
    runs = {run.path.resolve(): run for run in map(read_run, paths)}
    return list(runs.values())


def newest_run(outputs: Path) -> Path:
    """The newest finished training run.

    Raises:
        UserError: there is none.
    """
    found = [
        file.parent
        for file in (outputs / "train").glob(f"*/*/{RUN_CARD}")
        if load_run_card(file.parent).get("status") == "finished"
    ]
    if not found:
        raise UserError(
            f"there is no finished training run in {outputs}", "python -m nsca.train phase=vision"
        )
    return max(found, key=lambda path: path.name)


def conditions(runs: list[RunRecord]) -> dict[str, list[RunRecord]]:
    """Runs that differ in nothing but the seed, under the settings that set them apart."""
    flat = [_flat(run.config) for run in runs]
    keys = sorted({key for each in flat for key in each})
    differing = [k for k in keys if len({str(each.get(k)) for each in flat}) > 1]
    groups: dict[str, list[RunRecord]] = defaultdict(list)
    for run, each in zip(runs, flat, strict=True):
        name = ", ".join(f"{key}={each.get(key)}" for key in differing) or "trained"
        groups[name].append(run)
    return dict(groups)


def _flat(config: DictConfig) -> dict[str, Any]:
    settings = plain(config)
    # Phase and data module repeat other nodes through interpolation: only the original counts.
    repeated = [settings.get("data"), *(settings.get("model") or {}).values()]
    result: dict[str, Any] = {}

    def visit(prefix: str, node: Any) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                visit(f"{prefix}.{key}" if prefix else str(key), value)
        else:
            result[prefix] = node

    for key, value in settings.items():
        if key in ("phase", "data_module"):
            own = {k: v for k, v in value.items() if k not in settings and v not in repeated}
            visit(str(key), own)
        elif key not in NOT_A_CONDITION:
            visit(str(key), value)
    return result
