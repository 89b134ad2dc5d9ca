"""Reads the table of diagnoses while training: prints each finding once, with its remedy."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from nsca.diagnoses import Diagnosis, diagnose
from nsca.run_card import write_atomically

DIAGNOSES = "diagnoses.jsonl"
"""In the run directory, one JSON object a finding: step, name, evidence, remedy."""


CLOCKED = "loader/"


class DiagnosisWatch(Callback):
    """Collects metric history and applies `nsca.diagnoses` at every logged step and validation.

    The share of time spent waiting for the loader (the batch with its transfer and views) is
    measured here; it is wall-clock time, so it stays out of the logged metrics, which a resumed run
    must repeat exactly.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[tuple[int, float]]] = {}
        self.found: list[Diagnosis] = []
        self._wait = LoaderWait(time.perf_counter)

    def state_dict(self) -> dict[str, Any]:
        """The history, so that a resumed run judges the whole of it; without wall-clock times."""
        return {"history": {n: h for n, h in self.history.items() if not n.startswith(CLOCKED)}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.history = {name: list(rows) for name, rows in state_dict["history"].items()}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        rows = recorded_diagnoses(Path(trainer.default_root_dir))  # of a run that is resumed
        self.found = [Diagnosis(row["name"], row["evidence"], row["remedy"]) for row in rows]

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        self._wait.batch_arrived()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._wait.step_done()
        every = trainer.log_every_n_steps
        if trainer.global_step % every == 0:
            self._note(trainer, "train/")
            self._keep(f"{CLOCKED}wait_share", trainer.global_step, self._wait.take_share())
            self._judge(trainer)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._wait.pause()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.sanity_checking:
            self._note(trainer, "val/")
            self._judge(trainer)

    def _note(self, trainer: Trainer, prefix: str) -> None:
        for name, value in trainer.callback_metrics.items():
            if name.startswith(prefix):
                self._keep(name, trainer.global_step, float(torch.as_tensor(value)))

    def _keep(self, name: str, step: int, value: float) -> None:
        self.history.setdefault(name, []).append((step, value))

    def _judge(self, trainer: Trainer) -> None:
        known = {diagnosis.name for diagnosis in self.found}
        for diagnosis in diagnose(self.history):
            if diagnosis.name in known:
                continue
            self.found.append(diagnosis)
            if trainer.is_global_zero:
                _report(diagnosis, trainer.global_step, Path(trainer.default_root_dir))


class LoaderWait:
    """The share of training time spent between the end of a step and the next batch.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waited_s = 0.0
        self._stepped_s = 0.0
        self._since_s: float | None = None

    def batch_arrived(self) -> None:
        """End a wait; the first batch and the first one after a pause end none."""
        now_s = self._clock()
        if self._since_s is not None:
            self._waited_s += now_s - self._since_s
        self._since_s = now_s

    def step_done(self) -> None:
        """End a step."""
        now_s = self._clock()
        if self._since_s is not None:
            self._stepped_s += now_s - self._since_s
        self._since_s = now_s

    def pause(self) -> None:
        """Leave out the time until the next batch: something else than the loader takes it."""
        self._since_s = None

    def take_share(self) -> float:
        """Return the share since the last call, in [0, 1]; 0 where no time has passed."""
        total_s = self._waited_s + self._stepped_s
        share = self._waited_s / total_s if total_s > 0 else 0.0
        self._waited_s = self._stepped_s = 0.0
        return share


def recorded_diagnoses(directory: Path) -> list[dict[str, Any]]:
    """Return the findings of a run in order, without a last line that a crash cut off."""
    file = directory / DIAGNOSES
    if not file.is_file():
        return []
    text = file.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def cut_diagnoses(directory: Path, step: int) -> None:
    """Drop what was found after a step: a run that is resumed there will find it again."""
    if (directory / DIAGNOSES).is_file():
        kept = [row for row in recorded_diagnoses(directory) if row["step"] <= step]
        lines = "".join(json.dumps(row) + "\n" for row in kept)
        write_atomically(directory / DIAGNOSES, lines.encode())


def _report(diagnosis: Diagnosis, step: int, directory: Path) -> None:
    print(
        f"diagnosis at step {step}: {diagnosis.name}: {diagnosis.evidence}\n"
        f"  fix: {diagnosis.remedy}",
        file=sys.stderr,
    )
    row = {
        "step": step,
        "name": diagnosis.name,
        "evidence": diagnosis.evidence,
        "remedy": diagnosis.remedy,
    }
    with open(directory / DIAGNOSES, "a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")
