"""A set of demonstrations as a training source: some to learn from, the next ones to measure."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from nsca.data.demonstration_manifest import read_demonstration_manifest
from nsca.data.demonstrations import Demonstration, load_demonstrations
from nsca.errors import UserError


@runtime_checkable
class DemonstrationSplit(Protocol):
    """Demonstrations in two parts, from a set or just recorded."""

    def train(self) -> list[Demonstration]:
        """What is learned from."""
        ...

    def val(self) -> list[Demonstration]:
        """What is held out."""
        ...


class DemonstrationSource:
    """The first `count` demonstrations of a set, and `validation` more that are held out.

    Args:
        path: a set of `python -m nsca.data demonstrate`.
        count: how many are learned from; 1 or more.
        validation: how many of the following ones only measure; 0 measures on what was learned.
        task: what they must be demonstrations of, by any of its names; None takes any task.

    Raises:
        ValueError: `count` below 1 or `validation` below 0.
        UserError: no path.
    """

    def __init__(
        self, path: str | None, count: int, validation: int, task: str | None = None
    ) -> None:
        if count < 1 or validation < 0:
            raise ValueError(f"count={count} must be 1 or more, validation={validation} 0 or more")
        if path is None:
            raise UserError(
                "data.path is not given: where are the demonstrations?",
                "python -m nsca.data demonstrate pick-place, then data.path=<its folder>",
            )
        self.path = Path(path)
        self.task = task
        self.count = count
        self.validation = validation
        self._loaded: list[Demonstration] | None = None

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.path)

    def train(self) -> list[Demonstration]:
        """What is learned from. Raises UserError as `load_demonstrations` does."""
        return self._all()[: self.count]

    def val(self) -> list[Demonstration]:
        """What is held out; may be empty."""
        return self._all()[self.count :]

    def fingerprint(self) -> str:
        """Of the set's bytes and of which part is taken."""
        sha256 = read_demonstration_manifest(self.path)["file"]["sha256"]
        return f"{sha256}-{self.count}-{self.validation}"

    def _all(self) -> list[Demonstration]:
        if self._loaded is None:
            there = load_demonstrations(self.path, self.task)
            wanted = self.count + self.validation
            if wanted > len(there):
                raise UserError(
                    f"{self.path} holds {len(there)} demonstrations of {there[0].task}, fewer than "
                    f"data.count={self.count} and data.validation={self.validation} together",
                    "take fewer (data.validation=0 measures on those that are learned from), or "
                    "record more into another folder: python -m nsca.data demonstrate "
                    f"{there[0].task} --count {wanted} --path ...",
                )
            self._loaded = there[:wanted]
        return self._loaded
