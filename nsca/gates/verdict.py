"""What a gate says in the end: one of a few kinds, and a sentence made of its figures."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

from nsca.run_card import write_atomically


class Kind(StrEnum):
    """Every outcome has a kind: passed, failed in a way that has a name, or not to be judged."""

    PASS = "pass"  # noqa: S105  (a verdict, not a password)
    WEAK = "weak"  # the effect is there and below the threshold
    NO_EFFECT = "no_effect"  # the interval spans zero
    HARMFUL = "harmful"  # the effect has the wrong sign
    FAIL = "fail"  # the criterion is not met, and none of the kinds above says how
    CEILING = "ceiling"  # all arms are too good to differ
    FLOOR = "floor"  # all arms are too bad to differ
    CONTROL_MISBEHAVED = "control_misbehaved"  # what had to fail did not
    SMOKE = "smoke"  # of a quick run, whatever its figures


UNINTERPRETABLE = frozenset({Kind.CEILING, Kind.FLOOR, Kind.CONTROL_MISBEHAVED})


@dataclass(frozen=True)
class Verdict:
    """A kind and the sentence that says why.

    Attributes:
        kind: of outcome.
        statement: the sentence with figures by name in braces, as `str.format` reads it: "weight
            {weight:.2f} in {seeds:.0f} seeds". So no number in it can differ from the figures.
        figures: those numbers, and others that belong to the verdict.

    Raises:
        ValueError: when the statement names a figure that is not there.
    """

    kind: Kind
    statement: str
    figures: Mapping[str, float]

    def __post_init__(self) -> None:
        # as JSON gives them back: a count written as 5 would return as 5.0, in the text as well
        object.__setattr__(self, "figures", {n: float(v) for n, v in self.figures.items()})
        try:
            self.statement.format(**self.figures)
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"{self.statement!r} wants a figure {error}") from error

    @property
    def text(self) -> str:
        """The statement with its figures put in."""
        return self.statement.format(**self.figures)

    @property
    def passed(self) -> bool:
        """True for `pass` alone: a smoke run never passes."""
        return self.kind is Kind.PASS

    @property
    def group(self) -> str:
        """`pass`, `fail`, `uninterpretable` or `smoke`."""
        if self.kind in (Kind.PASS, Kind.SMOKE):
            return str(self.kind)
        return "uninterpretable" if self.kind in UNINTERPRETABLE else "fail"

    def as_smoke(self) -> Self:
        """The same figures as the verdict of a smoke run, which says nothing about the question."""
        before = f"Smoke run, no verdict. With these few figures it would read `{self.kind}`: "
        return replace(self, kind=Kind.SMOKE, statement=before + self.statement)

    def write(self, path: Path) -> None:
        """Write it as JSON, atomically; figures that are not finite are written as words."""
        content = {
            "kind": str(self.kind),
            "passed": self.passed,
            "group": self.group,
            "text": self.text,
            "statement": self.statement,
            "figures": {
                name: value if math.isfinite(value) else str(value)
                for name, value in sorted(self.figures.items())
            },
        }
        write_atomically(path, json.dumps(content, indent=1, allow_nan=False).encode() + b"\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote.

        Raises:
            ValueError: no verdict, an unknown kind, or a text or `passed` that does not follow
                from the rest.
        """
        content = json.loads(path.read_text(encoding="utf-8"))
        try:
            figures = {name: float(value) for name, value in content["figures"].items()}
            verdict = cls(Kind(content["kind"]), content["statement"], figures)
            follows = (verdict.text, verdict.passed) == (content["text"], content["passed"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path} is no verdict: {error}") from error
        if not follows:
            raise ValueError(f"{path} was changed: its text does not follow from its figures")
        return verdict
