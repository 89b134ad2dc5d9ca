"""The graph of a pipeline's steps: whether it makes sense, and in which order to go through it."""

from collections.abc import Mapping
from dataclasses import dataclass

from nsca.errors import UserError
from nsca.pipelines.step import PROVIDES, Step, fills
from nsca.spelling import advice


@dataclass(frozen=True)
class Pipeline:
    """Steps by name, as `conf/pipeline/<name>.yaml` lists them.

    Attributes:
        steps: in the order in which they run, as far as needs and gates allow it.

    Raises:
        UserError: something that is no step, a need or a gate that no step provides, one of
            another kind than the setting takes, or steps that need each other.
    """

    steps: Mapping[str, Step]

    def __post_init__(self) -> None:
        for name, step in self.steps.items():
            if not isinstance(step, Step):
                others = self.steps.keys() - {name}
                raise UserError(f"the step {name} has no _target_", advice(name, others, "step"))
        for name, step in self.steps.items():
            for setting, other in step.needs.items():
                self._check(name, f"{setting} from", other, fills(setting))
            for gate in step.gates:
                self._check(name, "the gate", gate, PROVIDES["gate"])
        self.order()

    def _check(self, name: str, what: str, other: str, wanted: str) -> None:
        if other not in self.steps:
            raise UserError(
                f"the step {name} needs {what} {other}, and there is no such step",
                advice(other, self.steps, "step"),
            )
        if (given := self.steps[other].provides) != wanted:
            fitting = [each for each, step in self.steps.items() if step.provides == wanted]
            raise UserError(
                f"the step {name} needs {what} {other}, which provides a {given}, not a {wanted}",
                advice(other, fitting, "step"),
            )

    def order(self) -> list[str]:
        """The names of all steps, each after all that it needs; else in the order of the file.

        Raises:
            UserError: steps that need each other.
        """
        found: list[str] = []
        while len(found) < len(self.steps):
            ready = (
                name
                for name, step in self.steps.items()
                if name not in found and all(other in found for other in step.after)
            )
            name = next(ready, None)
            if name is None:
                raise UserError(
                    f"steps need each other: {' -> '.join(self._circle(found))}",
                    "take one of these needs out of the pipeline's file",
                )
            found.append(name)
        return found

    def followers(self, name: str) -> set[str]:
        """The steps that cannot run before this one has."""
        direct = {other for other, step in self.steps.items() if name in step.after}
        return direct.union(*map(self.followers, direct))

    def _circle(self, settled: list[str]) -> list[str]:
        """Steps of which each needs the next, the last being the first again."""
        path = [next(name for name in self.steps if name not in settled)]
        while path[-1] not in path[:-1]:
            path.append(next(o for o in self.steps[path[-1]].after if o not in settled))
        return path[path.index(path[-1]) :]
