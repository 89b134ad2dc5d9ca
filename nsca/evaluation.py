"""Benchmarks on a trained run: opens it, runs them, records the figures as they come."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf

import nsca
from nsca.assembly import build, phase_name
from nsca.benchmarks.benchmark import Benchmark, JudgedRun, Row
from nsca.benchmarks.scores import write_table
from nsca.conf_folder import config_directory
from nsca.errors import UserError
from nsca.run_card import RunCard, load_run_card
from nsca.run_directory import RunDirectory
from nsca.trained_phase import load_config


def evaluate_run(
    cfg: DictConfig,
    *,
    run: str | None,
    seed: int,
    outputs: str,
    data: DictConfig | None,
    benchmarks: DictConfig | None,
) -> Path:
    """Judge one training run, or nothing but what the benchmarks train themselves.

    Args:
        cfg: the whole configuration, recorded as it is.
        run: directory of a training run; None for benchmarks that need none.
        seed: of everything the benchmarks draw.
        outputs: where run directories go.
        data: another data set than the run was trained on; None for its own.
        benchmarks: their settings by name.

    Returns:
        The run directory of the evaluation.

    Raises:
        UserError: no such run, no benchmark, one that does not fit the run's phase, or data that is
            gone.
    """
    if not benchmarks:
        raise UserError("no benchmark is chosen", "benchmark=visible_quantities")
    chosen: dict[str, Benchmark] = {str(name): build(node) for name, node in benchmarks.items()}
    judged = open_run(run, chosen, data)
    place = judged.path.parent.name if judged is not None else "-".join(chosen)
    target = RunDirectory.claim(Path(outputs) / "evaluate", place)
    try:
        target.write_config(cfg)
        data_fingerprint = judged.source.fingerprint() if judged is not None else ""
        with target.card("evaluate", seed, data_fingerprint=data_fingerprint) as card:
            if judged is not None:
                card.note(
                    # Relative, so that the outputs folder may be moved as a whole.
                    evaluated_run=os.path.relpath(judged.path, target.path),
                    evaluated_seed=load_run_card(judged.path)["seed"],
                    weights_sha256=weights_digest(judged.phase),
                )
            for name, benchmark in chosen.items():
                _judge(name, benchmark, judged, seed, target.path, card)
    finally:
        target.release()
    return target.path


def _judge(
    name: str,
    benchmark: Benchmark,
    judged: JudgedRun | None,
    seed: int,
    folder: Path,
    card: RunCard,
) -> None:
    rows: list[Row] = []
    for piece in benchmark.judge(judged, seed, folder):
        rows += piece
        write_table(rows, folder / f"{name}.csv", benchmark.row)
    found = benchmark.metrics(rows)
    card.record({f"{name}/{key}": value for key, value in found.items()})
    card.samples += sum(row.samples for row in rows)


def open_run(
    run: str | None, benchmarks: Mapping[str, Benchmark], data: Mapping[str, Any] | None
) -> JudgedRun | None:
    """The run that the benchmarks judge; None where none of them needs one.

    Raises:
        UserError: none given, nothing there, a benchmark that does not fit, or data that is gone.
    """
    if run is None and not any(benchmark.judges for benchmark in benchmarks.values()):
        return None
    path = training_run(run)
    config = load_config(path)
    phase = phase_name(config)
    for name, benchmark in benchmarks.items():
        if not benchmark.judges:
            raise UserError(f"{name} judges no run: it trains what it judges", "leave out run=")
        if phase not in benchmark.judges:
            judged = " or ".join(f"phase={each}" for each in sorted(benchmark.judges))
            fitting = " or ".join(f"benchmark={each}" for each in benchmarks_for(phase))
            raise UserError(
                f"{name} judges runs of {judged}; {path} is one of phase={phase}",
                fitting or f"give a run of {judged}",
            )
    return JudgedRun(path, config, nsca.load(path), source_of(config, data))


def benchmarks_for(phase: str) -> list[str]:
    """The choices of conf/benchmark/ that judge runs of a phase."""
    files = sorted((config_directory() / "benchmark").glob("*.yaml"))
    kinds: dict[str, Any] = {
        file.stem: get_class(str(OmegaConf.load(file)["_target_"])) for file in files
    }
    return [name for name, kind in kinds.items() if phase in kind.judges]


def training_run(run: str | None) -> Path:
    """The directory of a training run.

    Raises:
        UserError: none given, nothing there, or no training run.
    """
    if not run:
        raise UserError("which run shall be judged?", "run=outputs/train/<name>/<time>")
    path = Path(run)
    if not path.is_dir():
        raise UserError(f"there is no run {path}", "ls -d outputs/train/*/* shows the runs")
    verb = load_run_card(path).get("verb")
    if verb != "train":
        raise UserError(f"{path} is a run of {verb}, not of train", "give a run of nsca.train")
    return path


def source_of(config: DictConfig, data: Mapping[str, Any] | None = None) -> Any:
    """The data a run was trained on, or that of another `data` node.

    Raises:
        UserError: the run has no data node, or the data is gone.
    """
    node = data if data is not None else config.get("data")
    if node is None:
        raise UserError("the run names no data set", "data=<choice> data.path=<folder>")
    return build(node)


def weights_digest(module: torch.nn.Module) -> str:
    """sha256 over names and values of all weights and buffers."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
