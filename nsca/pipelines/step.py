"""One step of a pipeline: a command of the suite, what it needs of other steps, what it provides.

A step provides what its command makes: a gate a verdict, `babble` a data set, `train` a trained
run, `evaluate` figures. `needs` says which setting of the command is filled with the run directory
of which step; `gates` says whose verdict must be a pass before it runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

PROVIDES = {
    "gate": "verdict",
    "babble": "data set",
    "train": "trained run",
    "evaluate": "figures",
}


@dataclass(frozen=True)
class Step:
    """A step as `conf/pipeline/` writes it.

    Attributes:
        verb: of the suite, `python -m nsca.<verb>`.
        settings: its overrides. Hardware, seed and outputs come from the pipeline.
        needs: settings that are filled with run directories of other steps, by name of the step:
            `{data.path: babbling, parts.vision: vision}`.
        gates: steps whose gate must have passed.
        minutes: planned, on two cores, for what dry_run=true cannot derive from the settings: all
            but trainings.
    """

    verb: Literal["gate", "babble", "train", "evaluate"]
    settings: Sequence[str]
    needs: Mapping[str, str] = field(default_factory=dict)
    gates: Sequence[str] = ()
    minutes: float | None = None

    @property
    def provides(self) -> str:
        """What other steps can have of it, in a word."""
        return PROVIDES[self.verb]

    @property
    def after(self) -> tuple[str, ...]:
        """The steps that come before it, each once."""
        return tuple(dict.fromkeys([*self.gates, *self.needs.values()]))


def fills(setting: str) -> str:
    """What a setting takes: `data.path` a data set, `run` and `parts.*` a trained run."""
    return PROVIDES["babble" if setting.startswith("data.") else "train"]
