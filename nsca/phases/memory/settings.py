"""What the memory phase keeps, how often it looks back, and how hard it holds on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MemorySettings:
    """Episodic store, prototypes and anchors.

    Args:
        capacity: windows in the episodic store.
        replayed: share of a step's windows that come from the store, above 0 and below 1; a weight
            of 0 for the term `replay` switches it off.
        consolidate_every: steps between two consolidations of the prototypes.
        fisher_windows: stored windows that a task's Fisher information is measured on.
        protection: how much harder EWC holds the prototypes than the rest, at least 1.
        decay: of the Fisher information of earlier tasks, a task; 1 keeps it whole.

    Raises:
        ValueError: an impossible one.
    """

    capacity: int
    replayed: float
    consolidate_every: int
    fisher_windows: int
    protection: float
    decay: float

    def __post_init__(self) -> None:
        for name in ("capacity", "consolidate_every", "fisher_windows"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.replayed < 1:
            raise ValueError(f"replayed is {self.replayed}, not between 0 and 1")
        if self.protection < 1 or not 0 <= self.decay <= 1:
            raise ValueError(f"impossible protection or decay: {self}")
