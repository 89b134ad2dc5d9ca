"""Hardware profiles: what a machine can hold, and whether this machine is one.

A profile decides how a phase is computed, never what is trained: the effective batch belongs to
the phase, and the micro-batch only says how many samples have their graph in memory at once
(gradient caching keeps the gradient exact).
"""

import math
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from nsca.errors import UserError

SHARING = ("auto", "ddp")  # strategies of several devices


@dataclass(frozen=True)
class HardwareProfile:
    """One choice of conf/hardware/.

    Args:
        name: as in `hardware=<name>`.
        accelerator: "cpu", "mps" or "cuda".
        devices: per node.
        nodes: machines.
        strategy: as Lightning names it; several devices share each batch (nsca/shared_batch.py),
            and then it is auto or ddp.
        precision: as Lightning names it.
        compile: torch.compile the phase's models.
        gradient_checkpointing: half the memory for about a fifth more time, where the model offers
            it.
        micro_batch: samples in memory at once, by phase; `default` for all others.
        memory_gb: what a run may take on the device.
        sustained_tflops: planned rate, in 1e12 operations a second; the dry run divides by it.
        cost_per_hour: of renting it, in USD.
        measured: False marks times and costs as planned.
    """

    name: str
    accelerator: str
    devices: int
    nodes: int
    strategy: str
    precision: str
    compile: bool
    gradient_checkpointing: bool
    micro_batch: Mapping[str, int] = field(default_factory=dict)
    memory_gb: float = 0.0
    sustained_tflops: float = 0.1
    cost_per_hour: float = 0.0
    measured: bool = False

    @property
    def processes(self) -> int:
        """One for each device of each machine."""
        return self.devices * self.nodes

    def share(self, effective_batch: int) -> int:
        """Samples of a step on one device; on some it may be one less.

        Raises:
            UserError: there are fewer samples than devices.
        """
        if effective_batch < self.processes:
            raise UserError(
                f"effective_batch={effective_batch} has no sample for some of {self.processes} "
                "devices",
                f"effective_batch={self.processes} or more, or fewer hardware.devices",
            )
        return math.ceil(effective_batch / self.processes)

    def micro_batch_for(self, phase: str, effective_batch: int) -> int:
        """Samples of `phase` in memory at once, at most a device's share of the batch."""
        own = int(self.micro_batch.get(phase, self.micro_batch["default"]))
        return min(own, self.share(effective_batch))

    def accumulation(self, phase: str, effective_batch: int) -> int:
        """Micro-batches per optimiser step and device."""
        own = self.micro_batch_for(phase, effective_batch)
        return math.ceil(self.share(effective_batch) / own)


def profile_of(cfg: DictConfig) -> HardwareProfile:
    """Return the profile of `hardware=` in a configuration."""
    values = OmegaConf.to_container(cfg.hardware, resolve=True)
    return HardwareProfile(**values)


def require_hardware(profile: HardwareProfile) -> None:
    """Check that this machine has what the profile asks for; torch is imported only if it may.

    Raises:
        UserError: a device is missing, or too few; names the profiles that work here. Or several
            devices with a strategy that does not share the batch, or another number of processes
            than torchrun started.
    """
    if profile.processes > 1 and profile.strategy not in SHARING:
        raise UserError(
            f"hardware.strategy={profile.strategy} does not share a batch among devices",
            f"hardware.strategy={' or '.join(SHARING)}",
        )
    started = int(os.environ.get("WORLD_SIZE", profile.processes))
    if started != profile.processes:
        raise UserError(
            f"{started} processes were started, hardware={profile.name} has {profile.devices} x "
            f"{profile.nodes} (devices x nodes)",
            "hardware.devices=<processes a machine> hardware.nodes=<machines>",
        )
    if not may_have(profile.accelerator):
        raise _absent(profile, {"cpu"})
    here = {"cpu"}
    if profile.accelerator != "cpu":
        import torch  # heavy, and not needed for the processor

        here |= {"cuda"} if torch.cuda.is_available() else set()
        here |= {"mps"} if torch.backends.mps.is_available() else set()
        if profile.accelerator not in here:
            raise _absent(profile, here)
        found = torch.cuda.device_count()
        if profile.accelerator == "cuda" and found < profile.devices:
            raise UserError(
                f"hardware={profile.name} needs {profile.devices} GPUs, this machine has {found}",
                f"hardware.devices={found}; the effective batch stays",
            )


def usable_cores() -> list[int]:
    """The numbers of the CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def available_cores() -> int:
    """How many CPU cores this process may use."""
    return len(usable_cores())


def may_have(accelerator: str) -> bool:
    """Whether this machine could have an accelerator, judged by device files, without imports."""
    if accelerator == "cuda":
        files = [*Path("/dev").glob("nvidia[0-9]*"), Path("/dev/dxg"), Path("/dev/kfd")]
        return any(file.exists() for file in files) or shutil.which("nvidia-smi") is not None
    if accelerator == "mps":
        return platform.system() == "Darwin" and platform.machine() == "arm64"
    return True


def _absent(profile: HardwareProfile, here: set[str]) -> UserError:
    alternatives = "hardware=cpu"
    if "cuda" in here:
        alternatives += ", hardware=8gb, hardware=16gb, hardware=24gb or hardware=a100"
    if "mps" in here:
        alternatives += " or hardware=mps"
    return UserError(
        f"hardware={profile.name} needs a {profile.accelerator} device and this machine has none",
        f"{alternatives}; dry_run=true plans for {profile.name} anywhere",
    )


def describe_hardware() -> dict[str, str | int | float]:
    """Processor, cores, memory and accelerator; torch is asked only if it is loaded already."""
    found: dict[str, str | int | float] = {
        "machine": platform.machine(),
        "system": platform.system(),
        "cores": available_cores(),
    }
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found["memory_gb"] = round(
            os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1
        )
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.is_file():
        for line in cpu_info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                found["processor"] = line.partition(":")[2].strip()
                break
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name(0)
        found["gpu_memory_gb"] = round(torch.cuda.get_device_properties(0).total_memory / 2**30, 1)
    elif torch is None and shutil.which("nvidia-smi"):
        query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        try:
            answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return found  # a driver that hangs: the run itself may not need it
        if answer.returncode == 0 and answer.stdout.strip():
            found["gpu"] = answer.stdout.strip().splitlines()[0]
    return found
