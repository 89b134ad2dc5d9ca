"""Benchmarks on a trained run: loads it, builds its untrained twin, runs them, records the figures.

The twin is the same architecture with the initial weights of the run's own seed and no training.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig

import nsca
from nsca.assembly import build
from nsca.benchmarks.scores import Encoder, flat_metrics, write_table
from nsca.data.batch import FrameSource
from nsca.errors import UserError
from nsca.models.vision_encoder import VisionEncoder
from nsca.run_card import load_run_card
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
    """Judge one training run and return the run directory of the evaluation.

    Args:
        cfg: the whole configuration, recorded as it is.
        run: directory of a training run.
        seed: of everything the benchmarks draw.
        outputs: where run directories go.
        data: another data set than the run was trained on; None for its own.
        benchmarks: their settings by name.

    Raises:
        UserError: no such run, a run without vision encoder, no benchmark, or data that is gone.
    """
    trained_run = training_run(run)
    if not benchmarks:
        raise UserError("no benchmark is chosen", "benchmark=visible_quantities")
    config = load_config(trained_run)
    source = source_of(config, data)
    encoder = vision_encoder(nsca.load(trained_run), trained_run)
    encoders = {"trained": frozen(encoder), "random": frozen(untrained_encoder(config))}
    chosen = {str(name): build(node) for name, node in benchmarks.items()}
    target = RunDirectory.claim(Path(outputs) / "evaluate", trained_run.parent.name)
    try:
        target.write_config(cfg)
        with target.card("evaluate", seed, data_fingerprint=source.fingerprint()) as card:
            card.note(
                # Relative, so that the outputs folder may be moved as a whole.
                evaluated_run=os.path.relpath(trained_run, target.path),
                evaluated_seed=load_run_card(trained_run)["seed"],
                weights_sha256=weights_digest(encoder),
            )
            for name, benchmark in chosen.items():
                scores = benchmark.run(encoders, source, seed)
                write_table(scores, target.path / f"{name}.csv")
                card.record({f"{name}/{key}": value for key, value in flat_metrics(scores).items()})
                card.samples += sum(score.test_rows for score in scores)
    finally:
        target.release()
    return target.path


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


def source_of(config: DictConfig, data: Mapping[str, Any] | None = None) -> FrameSource:
    """The frames a run was trained on, or those of another `data` node.

    Raises:
        UserError: the run has no data node, the data is gone, or it has no pictures.
    """
    node = data if data is not None else config.get("data")
    if node is None:
        raise UserError("the run names no data set", "data=babbling data.path=<folder>")
    source = build(node)
    if not isinstance(source, FrameSource):
        raise UserError("the run's data has no pictures", "give a run of phase=vision")
    return source


def vision_encoder(phase: torch.nn.Module, run: Path) -> VisionEncoder:
    """The part of a phase that turns frames into features.

    Raises:
        UserError: it has none.
    """
    encoder = getattr(phase, "encoder", None)
    if not isinstance(encoder, VisionEncoder):
        raise UserError(f"{run} has no vision encoder", "give a run of phase=vision")
    return encoder


def untrained_encoder(config: DictConfig) -> VisionEncoder:
    """The run's encoder with initial weights of the run's seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(config.seed))
        return build(config.model.vision).eval()


def frozen(encoder: VisionEncoder) -> Encoder:
    """The encoder as a function from stored frames to features, without gradient.

    The function raises UserError where a feature is not finite: probes of such features would be
    left out one by one, and the table would look as if there had been nothing to judge.
    """
    encoder.eval()

    def encode(images: np.ndarray) -> np.ndarray:
        features = encoder.embed_frames(torch.from_numpy(np.ascontiguousarray(images))).numpy()
        if not np.isfinite(features).all():
            raise UserError(
                "features of the encoder are not finite: its training diverged",
                "train again with a smaller learning rate",
            )
        return features

    return encode


def weights_digest(module: torch.nn.Module) -> str:
    """sha256 over names and values of all weights and buffers."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
