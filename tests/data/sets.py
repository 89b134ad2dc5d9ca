"""What tests of generated sets share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nsca.data.babbling_store import sha256_of
from nsca.data.generation import Progress, open_set
from nsca.data.generation_plan import GenerationPlan


def generate(
    plan: GenerationPlan,
    root: Path,
    workers: int,
    report: Callable[[Progress], None],
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Claim a set, make what is missing, return its manifest."""
    with open_set(plan, root) as claimed:
        return claimed.make(workers, report, stop)


def quiet(progress: Progress) -> None:
    """Show no progress."""


def checksums(root: Path) -> dict[str, str]:
    """By file."""
    return {str(p.relative_to(root)): sha256_of(p) for p in sorted(root.rglob("*.parquet"))}
