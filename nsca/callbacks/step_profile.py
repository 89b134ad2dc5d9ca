"""Where the time of a training goes, and what to change (`debug=profiler`)."""

import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from nsca.assembly import checkpointable
from nsca.errors import UserError
from nsca.hardware import HardwareProfile, available_cores
from nsca.profile_advice import Recommendation, StepCost, recommendations

TRACED = 3
"""Steps at the end that torch.profiler watches: it slows them down, so others are timed."""
FEWEST = 12
"""Steps to be trained: of those that are not traced the first quarter warms up."""
SHOWN = 12
"""Operations that are named."""


class StepProfile(Callback):
    """Times the steps of a training and traces its last ones; writes into a folder what it found.

    `trace.json.gz` opens in ui.perfetto.dev; `operations.txt` is its table;
    `recommendations.json` holds what a step costs (`StepCost`) and what to change.

    Args:
        folder: to write into.
        hardware: that is trained on.
        phase: name of the phase.
        parts: micro-batches a step.
    """

    def __init__(self, folder: Path, hardware: HardwareProfile, phase: str, parts: int) -> None:
        self.folder = folder
        self.hardware = hardware
        self.phase = phase
        self.parts = parts
        self._began: list[float] = []
        self._ended: list[float] = []
        self._paused = self._aside = 0.0
        self._peak_gb = 0.0
        self._trace: profile | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raises UserError where too few steps are left to time, as in a run that is resumed."""
        require_steps_to_time(trainer.max_steps - trainer.global_step)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        self._began.append(self._clock(pl_module.device))

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self._trace is None:
            self._ended.append(self._clock(pl_module.device))
        left = trainer.max_steps - trainer.global_step
        if left == TRACED:
            self._peak_gb = peak_gb(pl_module.device)
            on_gpu = pl_module.device.type == "cuda"
            cuda = [ProfilerActivity.CUDA] if on_gpu else []
            self._trace = profile(activities=[ProfilerActivity.CPU, *cuda])
            self._trace.start()
        elif self._trace is not None and not left:
            self._trace.stop()  # before the validation that follows

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._paused = _now(pl_module.device)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._aside += _now(pl_module.device) - self._paused

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._trace is None or trainer.global_step < trainer.max_steps:
            return
        cost = self._cost(self._trace, pl_module)
        found = recommendations(cost, self.hardware, self.phase)
        self.folder.mkdir(exist_ok=True)
        self._trace.export_chrome_trace(str(self.folder / "trace.json.gz"))
        by = "self_cpu_time_total" if cost.busy is None else "self_device_time_total"
        table = self._trace.key_averages().table(sort_by=by, row_limit=40)
        (self.folder / "operations.txt").write_text(table, encoding="utf-8")
        content = {"cost": asdict(cost), "recommendations": [asdict(each) for each in found]}
        text = json.dumps(content, indent=1) + "\n"
        (self.folder / "recommendations.json").write_text(text, encoding="utf-8")
        print(summary(cost, found, self.folder), file=sys.stderr, flush=True)

    def _clock(self, device: torch.device) -> float:
        """Seconds of training: it stands while a validation runs."""
        return _now(device) - self._aside

    def _cost(self, trace: profile, phase: LightningModule) -> StepCost:
        device = phase.device
        timed = range(1 + len(self._ended) // 4, len(self._ended))
        whole = [self._ended[i] - self._ended[i - 1] for i in timed]
        waits = [self._began[i] - self._ended[i - 1] for i in timed]
        on_gpu = device.type == "cuda"
        seconds = statistics.median(whole)
        events = list(trace.events() or [])
        return StepCost(
            seconds=seconds,
            waiting=sum(waits) / sum(whole),
            busy=kernel_seconds(events) / (TRACED * seconds) or None if on_gpu else None,
            peak_gb=self._peak_gb,
            parts=self.parts,
            micro_batch=phase.micro_batch,
            sparable=bool(checkpointable(phase)),
            threads=torch.get_num_threads() if "OMP_NUM_THREADS" in os.environ else None,
            cores=available_cores(),
            half=half_precision(device),
            operations=operation_shares(trace, on_gpu),
        )


def require_steps_to_time(left: int) -> None:
    """Raises UserError where too few steps are left."""
    if left < FEWEST:
        raise UserError(
            f"debug=profiler times {FEWEST} steps or more, {max(left, 0)} are left to train",
            "leave trainer.max_steps to the preset (30), and begin anew (resume=never)",
        )


def operation_shares(trace: profile, on_gpu: bool) -> dict[str, float]:
    """Return the share of the computing time of each of the largest operations, itself alone."""
    rows = [row for row in trace.key_averages() if row.key.startswith("aten::")]
    of = {r.key: float(r.self_device_time_total if on_gpu else r.self_cpu_time_total) for r in rows}
    largest = sorted(of, key=of.__getitem__, reverse=True)[:SHOWN]
    whole = sum(of.values()) or 1.0  # a machine may keep a GPU's times from who asks
    return {key.removeprefix("aten::"): of[key] / whole for key in largest}


def kernel_seconds(events: Sequence[Any]) -> float:
    """Return what kernels and copies took together, as the profiler's own sum of its events."""
    there = (e for e in events if e.device_type == DeviceType.CUDA)
    return sum(e.self_device_time_total for e in there if not e.is_user_annotation) / 1e6


def peak_gb(device: torch.device) -> float:
    """Return the most memory that was taken until now, 1e9 bytes: of the GPU, or the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device) / 1e9
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def half_precision(device: torch.device) -> str | None:
    """Return what to compute with instead of 32 bits, as Lightning names it; None where that is
    slower.
    """
    if device.type != "cuda":
        return None
    native = torch.cuda.is_bf16_supported(including_emulation=False)  # emulated it is slow
    return "bf16-mixed" if native else "16-mixed"


def summary(cost: StepCost, found: Sequence[Recommendation], folder: Path) -> str:
    """Return what is printed: the step, its largest operations, what to change."""
    largest = ", ".join(f"{name} {share:.0%}" for name, share in list(cost.operations.items())[:4])
    busy = "" if cost.busy is None else f", the GPU computes {cost.busy:.0%} of it"
    step = f"a step takes {cost.seconds:.3g} s, {cost.waiting:.1%} of it before its batch is made"
    what = [f"  {each.because}: {each.setting}" for each in found] or ["  nothing to change"]
    files = f"{folder}: recommendations.json, operations.txt, trace.json.gz (for ui.perfetto.dev)"
    return "\n".join([f"profile: {step}{busy}; most in {largest}", *what, files])


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
