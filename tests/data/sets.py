"""What tests of generated sets share."""

from pathlib import Path

from nsca.data.babbling_store import sha256_of
from nsca.data.generation import Progress


def quiet(progress: Progress) -> None:
    """Show no progress."""


def checksums(root: Path) -> dict[str, str]:
    """By file."""
    return {str(p.relative_to(root)): sha256_of(p) for p in sorted(root.rglob("*.parquet"))}
