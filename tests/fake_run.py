"""A finished training run without training: the files a real one leaves, with weights just born."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch
from omegaconf import DictConfig
from PIL import Image

from nsca.assembly import build_phase
from nsca.benchmarks.scores import Score, write_table
from nsca.checkpoint import HEADER_KEY, checkpoint_path, write_checkpoint
from nsca.loggers.csv_log import CsvLog
from nsca.run_card import config_fingerprint
from nsca.run_directory import RunDirectory
from nsca.verb import compose

PITCHES_HZ = {"high": 2700.0, "low": 300.0, "middle": 900.0}
COLOURS = {"blue": (40, 60, 220), "green": (40, 200, 60), "red": (220, 50, 40)}


def write_pictures(folder: Path, train: int, val: int) -> Path:
    """Noisy pictures whose class is a colour: <split>/<class>/<number>.png."""
    random = np.random.default_rng(0)
    for split, count in (("train", train), ("val", val)):
        for name, colour in COLOURS.items():
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(count):
                noise = random.integers(-30, 30, (64, 64, 3))
                picture = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
                Image.fromarray(picture).save(place / f"{number}.png")
    return folder


def write_run(data: Path, outputs: Path, seed: int, *overrides: str) -> Path:
    """outputs/train/vision-nsca_tiny/<time>: configuration, run card, metrics and a checkpoint."""
    chosen = ["phase=vision", "model=nsca_tiny", "data=image_folder", f"data.path={data}"]
    cfg = compose("train", [*chosen, f"seed={seed}", f"outputs={outputs}", *overrides])
    return _write(cfg, outputs, "vision-nsca_tiny")


def write_sounds(folder: Path, train: int, val: int) -> Path:
    """Noisy tones of half a second whose class is a pitch: <split>/<class>/<number>.wav."""
    random = np.random.default_rng(0)
    times_s = np.arange(8_000) / 16_000
    for split, count in (("train", train), ("val", val)):
        for name, hertz in PITCHES_HZ.items():
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(count):
                tone = random.uniform(0.2, 0.6) * np.sin(2 * np.pi * hertz * times_s)
                noise = random.normal(0, 0.01, len(tone))
                soundfile.write(place / f"{number}.wav", tone + noise, 16_000)
    return folder


def write_audio_run(data: Path, outputs: Path, seed: int, *overrides: str) -> Path:
    """outputs/train/audio-nsca_tiny/<time>, the same for sounds."""
    chosen = ["phase=audio", "model=nsca_tiny", "data=audio_folder", "data.seconds=0.5"]
    given = [f"data.path={data}", f"seed={seed}", f"outputs={outputs}", *overrides]
    return _write(compose("train", [*chosen, *given]), outputs, "audio-nsca_tiny")


def write_recordings(folder: Path, train: int, val: int) -> Path:
    """Pictures and sounds of three classes, one of each a sample, as data=custom_folder."""
    random = np.random.default_rng(0)
    times_s = np.arange(8_000) / 16_000
    for split, count in (("train", train), ("val", val)):
        for colour, hertz in zip(COLOURS, PITCHES_HZ.values(), strict=True):
            place = folder / split / colour
            place.mkdir(parents=True)
            for number in range(count):
                picture = random.integers(0, 60, (64, 64, 3)) + np.array(COLOURS[colour]) // 2
                Image.fromarray(picture.astype(np.uint8)).save(place / f"image_{number}.png")
                wave = np.sin(number + (split == "val") / 2 + 2 * np.pi * hertz * times_s)
                soundfile.write(place / f"audio_{number}.wav", wave, 16_000)
    return folder


def write_fusion_run(data: Path, outputs: Path, seed: int, *overrides: str) -> Path:
    """outputs/train/fusion-nsca_tiny/<time>, the same for recordings."""
    chosen = ["phase=fusion", "model=nsca_tiny", "data=custom_folder", f"data.path={data}"]
    cfg = compose("train", [*chosen, f"seed={seed}", f"outputs={outputs}", *overrides])
    return _write(cfg, outputs, "fusion-nsca_tiny")


def write_few_shot_run(data: Path, outputs: Path, seed: int, *overrides: str) -> Path:
    """outputs/train/fewshot-nsca/<time>, the same for demonstrations."""
    chosen = ["phase=fewshot", f"data.path={data}", "phase.members=2", "phase.width=8"]
    cfg = compose("train", [*chosen, f"seed={seed}", f"outputs={outputs}", *overrides])
    return _write(cfg, outputs, "fewshot-nsca")


def _write(cfg: DictConfig, outputs: Path, name: str) -> Path:
    seed = int(cfg.seed)
    run = RunDirectory.claim(outputs / "train", name)
    run.write_config(cfg)
    fingerprint = config_fingerprint(cfg)
    with run.card("train", seed, config_fingerprint=fingerprint, data_fingerprint="d" * 64) as card:
        card.samples = 1234
        log = CsvLog(run.path)
        random = np.random.default_rng(seed)
        for step in range(0, 100, 10):
            noise = 0.05 * random.normal()
            log.log_metrics({"train/loss": 2 - step / 80 + noise, "train/nt_xent": 1.5}, step)
            log.log_metrics({"val/loss": 2.1 - step / 90, "val/probe_label": step / 120}, step)
            log.log_metrics({"val/embedding_std": 0.5, "val/knn_label": step / 110}, step)
    torch.manual_seed(seed)
    header = {
        "step": 100,
        "phase": str(cfg.phase._target_),
        "fingerprint": fingerprint,
        "config": {},
        "figure": None,
        "versions": {},
    }
    content = {"state_dict": build_phase(cfg).state_dict(), HEADER_KEY: header}
    write_checkpoint(content, checkpoint_path(run.path, 100))
    run.release()
    return run.path


def write_evaluation(run: Path, outputs: Path, scores: Sequence[Score]) -> Path:
    """outputs/evaluate/<name>/<time>: a table of given figures and a run card."""
    target = RunDirectory.claim(outputs / "evaluate", run.parent.name)
    with target.card("evaluate", 0, data_fingerprint="d" * 64) as card:
        card.note(evaluated_run=os.path.relpath(run, target.path))
        write_table(scores, target.path / "visible_quantities.csv", Score)
    target.release()
    return target.path
