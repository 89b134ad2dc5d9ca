"""What a profile of training says to change: pure rules over what was measured.

`callbacks/step_profile.py` measures and writes what is found to `profile/recommendations.json`.
Data, losses and the effective batch stay as they are: a hardware profile decides how a phase is
computed, its precision included.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from nsca.hardware import HardwareProfile

WAITING_SHARE = 0.05
"""Of a step that may go into batches: the target of `make bench`, too."""
BUSY_SHARE = 0.85
"""Of the time that a GPU should compute in."""
ROOM = 0.45
"""Share of the memory up to which activations are likely to fit that are not computed twice."""
FULL = 0.95
"""Share of the memory that may be taken; what is taken grows with the micro-batch at most."""


@dataclass(frozen=True)
class StepCost:
    """What a step costs.

    Attributes:
        seconds: of a whole step, median.
        waiting: share of it that passes before its batch is made, views included.
        busy: share of the time in which the GPU computed or copied; None without one, or where it
            does not tell.
        peak_gb: memory taken, of the GPU where there is one, else of the process.
        parts: micro-batches that a step embeds one after another.
        micro_batch: samples that it embeds at once.
        sparable: whether something that is trained offers gradient checkpointing.
        threads: that torch computes with on the CPU by order (OMP_NUM_THREADS); None where it
            chooses them itself.
        cores: that this process may use.
        half: the precision that this device offers beside 32 bits, as Lightning names it; None for
            none.
        operations: share of the computing time by operation, largest first.
    """

    seconds: float
    waiting: float
    busy: float | None
    peak_gb: float
    parts: int
    micro_batch: int
    sparable: bool
    threads: int | None
    cores: int
    half: str | None
    operations: Mapping[str, float]


@dataclass(frozen=True)
class Recommendation:
    """Attributes:
    because: what was measured.
    setting: what to change, as it is typed.
    """

    because: str
    setting: str


def recommendations(cost: StepCost, hardware: HardwareProfile, phase: str) -> list[Recommendation]:
    """Return what is worth changing, most first; nothing where all is well.

    Args:
        cost: measured.
        hardware: that it was measured with.
        phase: its name, in `hardware.micro_batch`.
    """
    share = cost.peak_gb / hardware.memory_gb
    sparing = hardware.gradient_checkpointing and cost.sparable
    memory = f"{cost.peak_gb:.1f} of {hardware.memory_gb:g} GB are taken"
    found = []
    if cost.waiting > WAITING_SHARE:
        because = f"{cost.waiting:.0%} of a step of {cost.seconds:.3g} s makes its batch and views"
        found.append((because, "fewer jobs beside it: this process makes them"))
    if cost.half is not None and hardware.precision.startswith("32"):
        found.append(
            ("this GPU is several times faster in 16 bits", f"hardware.precision={cost.half}")
        )
    if sparing and share < ROOM:
        because = f"activations are computed twice (gradient checkpointing), and {memory}"
        found.append((because, "hardware.gradient_checkpointing=false"))
    elif cost.parts > 1 and share * cost.parts < FULL:
        because = f"samples are embedded twice, in {cost.parts} parts (gradient caching); {memory}"
        found.append((because, f"hardware.micro_batch.{phase}={cost.parts * cost.micro_batch}"))
    elif share > FULL and cost.sparable and not sparing:
        found.append((memory, "hardware.gradient_checkpointing=true"))
    elif share > FULL and cost.micro_batch > 1:
        found.append((memory, f"hardware.micro_batch.{phase}={cost.micro_batch // 2}"))
    if cost.busy is not None and cost.busy < BUSY_SHARE and not hardware.compile:
        because = f"the GPU computes {cost.busy:.0%} of the time: its pieces of work are small"
        found.append((because, "hardware.compile=true"))
    if hardware.accelerator == "cpu" and cost.threads is not None and cost.threads < cost.cores:
        because = f"OMP_NUM_THREADS={cost.threads}, and there are {cost.cores} cores"
        found.append((because, f"OMP_NUM_THREADS={cost.cores} in front of the command"))
    return [Recommendation(because, setting) for because, setting in found]
