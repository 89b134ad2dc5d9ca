"""What the weights of a part mean, as a number: names and shapes cannot tell that an input is in
other units now, or that a network says the whole way instead of a step.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from nsca.errors import UserError

VERSIONS: Mapping[str, int] = {"dynamics": 2}
"""Of parts whose weights have had another meaning, which was 1; raise it where you give weights of
the same names and shapes a new one.

dynamics: since 2 networks correct the whole way to a horizon, in units of what the map leaves."""
PART_VERSIONS = "part_versions"
"""Their key in a checkpoint; one without it holds parts of version 1."""


def part_versions(parts: Iterable[str]) -> dict[str, int]:
    """Return the version of each of these parts, for a checkpoint."""
    return {name: VERSIONS.get(name, 1) for name in parts}


def check_part_versions(checkpoint: Mapping[str, Any], parts: Iterable[str], origin: str) -> None:
    """Raises UserError where weights of one of these parts mean something else by now.

    Args:
        checkpoint: its content.
        parts: that are to be taken from it.
        origin: where it lies, for the message.
    """
    then = checkpoint.get(PART_VERSIONS, {})
    for name, now in part_versions(parts).items():
        if (was := then.get(name, 1)) != now:
            raise UserError(
                f"{origin} holds version {was} of the part {name}; this code has version {now}",
                "train it again (resume=never), or use the code that made it: its commit is in the "
                "run's run.json",
            )
