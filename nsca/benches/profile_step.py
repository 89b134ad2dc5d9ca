"""One phase on one hardware profile: what it takes of memory, how fast it is, how busy the GPU is.

Whole optimiser steps through the Trainer as `nsca.train` builds it, at the full effective batch, on
a batch of noise that lies on the device: reading, augmenting and copying data is not in it. The
process may take no more of the GPU than the profile has. Where the profile's device is not there,
what it would take is counted and nothing is measured.
"""

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader

from nsca.assembly import build_phase, checkpoint_gradients
from nsca.callbacks.step_profile import kernel_seconds, peak_gb
from nsca.composition import compose
from nsca.hardware import HardwareProfile, may_have, profile_of, require_hardware
from nsca.plan import memory_bytes
from nsca.preparation import called_parts, prepare
from nsca.training import build_trainer, quieten

WARM_STEPS = {"cuda": 4, "cpu": 1}  # the first ones compile, choose kernels and fill caches
TRACED_STEPS = {"cuda": 3, "cpu": 0}


class StepTimer(Callback):
    """Times steps, and then traces a few more where there is a GPU.

    Args:
        accelerator: "cuda" or "cpu".
        steps: timed, after WARM_STEPS.

    Attributes:
        total: all steps that it needs.
        seconds: of the timed steps.
        peak_gb: of memory in them: of the GPU's as torch holds it; without one, of this process,
            libraries included.
        kernel_s: time in which the GPU computed or copied, a step; None without one.
    """

    def __init__(self, accelerator: str, steps: int) -> None:
        self.warm, self.traced = WARM_STEPS[accelerator], TRACED_STEPS[accelerator]
        self.total = self.warm + steps + self.traced
        self.seconds = self.peak_gb = 0.0
        self.kernel_s: float | None = None
        self._started = 0.0
        self._taken = 0
        self._trace: profile | None = None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, *_: Any, **__: Any
    ) -> None:
        """Wait for the GPU at the borders alone, so that nothing else is slowed down."""
        step, cuda = trainer.global_step, pl_module.device.type == "cuda"
        if step not in (self.warm, self.total - self.traced, self.total):
            return
        if cuda:
            torch.cuda.synchronize(pl_module.device)
        now = time.perf_counter()
        if step == self.warm:
            self._count_steps(trainer)
            if cuda:  # not of an attempt that ran out of memory
                torch.cuda.reset_peak_memory_stats()
            self._started = time.perf_counter()
        elif step == self.total - self.traced:
            self.seconds = now - self._started
            self.peak_gb = peak_gb(pl_module.device)
            if self.traced:
                self._trace = profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA])
                self._trace.start()
        elif self._trace is not None:
            self._trace.stop()
            self.kernel_s = kernel_seconds(list(self._trace.events())) / self.traced

    def check(self) -> None:
        """Raises RuntimeError where a step after the warm ones changed nothing: a skipped one is
        faster.
        """
        wanted = self.total - self.warm
        if self._taken != wanted:
            raise RuntimeError(f"{wanted - self._taken} of {wanted} steps were skipped")

    def _count_steps(self, trainer: Trainer) -> None:
        def count(*_: Any) -> None:
            self._taken += 1

        for optimizer in trainer.optimizers:
            optimizer.register_step_post_hook(count)


def figures(overrides: Sequence[str], steps: int, graphs: bool = False) -> dict[str, float]:
    """Return `planned_gb`, and where the device is there `peak_gb`, `samples_per_s` and, of a GPU,
    `busy`: the share of the time in which it computed or copied.

    Args:
        overrides: of `train`: phase, model, hardware, and what differs.
        steps: timed.
        graphs: compile with CUDA graphs.
    """
    quieten()
    # as many steps as there are batches, whose number depends on the device
    length = ["trainer.max_steps=-1", "trainer.max_epochs=1", "trainer.limit_val_batches=0"]
    cfg = compose("train", [*overrides, *length])
    hardware = profile_of(cfg)
    torch.manual_seed(int(cfg.seed))
    phase = build_phase(cfg)
    prepare(phase, cfg)
    # it would fit scales to data, and noise needs none
    setattr(phase, "on_fit_start", lambda: None)  # noqa: B010 -- types are stricter
    if graphs:
        for part in called_parts(phase):
            part.compile(mode="reduce-overhead")
    found = {"planned_gb": _planned_gb(cfg)}
    if not _is_here(hardware):
        return found
    effective = int(cfg.effective_batch)
    timer = StepTimer(hardware.accelerator, steps)
    batch: Any = phase.example_batch(effective).to(torch.device(hardware.accelerator))
    batches: Any = [batch] * timer.total
    loader = DataLoader(batches, batch_size=None)
    if hardware.accelerator == "cuda":
        own_gb = torch.cuda.get_device_properties(0).total_memory / 1e9
        torch.cuda.set_per_process_memory_fraction(min(1.0, hardware.memory_gb / own_gb))
    build_trainer(cfg, None, [timer]).fit(phase, loader)
    timer.check()
    found |= {"peak_gb": timer.peak_gb, "samples_per_s": steps * effective / timer.seconds}
    found["micro_batch"] = float(phase.micro_batch)  # smaller where memory ran out
    if timer.kernel_s is not None:
        found["busy"] = timer.kernel_s * steps / timer.seconds
    return found


def _planned_gb(cfg: DictConfig) -> float:
    phase = build_phase(cfg)  # of its own: it is not compiled
    checkpoint_gradients(phase, profile_of(cfg))
    return memory_bytes(phase) / 1e9


def _is_here(hardware: HardwareProfile) -> bool:
    """Raises UserError where there is a card that torch cannot use."""
    if not may_have(hardware.accelerator):
        return False
    require_hardware(hardware)
    return True


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "overrides", nargs="+", help="phase=... model=... hardware=..., and what differs"
    )
    parser.add_argument("--steps", type=int, default=10, help="timed, after some to warm up")
    parser.add_argument("--graphs", action="store_true", help="compile with CUDA graphs")
    options = parser.parse_args(arguments)
    print(json.dumps(figures(options.overrides, options.steps, options.graphs)))


if __name__ == "__main__":
    main()
