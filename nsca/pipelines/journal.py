"""What became of a pipeline's steps, in `steps.json`: replaced as a whole at every change."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from nsca.errors import UserError
from nsca.run_card import write_atomically

FILE = "steps.json"


class State(StrEnum):
    """Of a step, as it was last seen."""

    DONE = "done"
    RUNNING = "running"
    STOPPED = "stopped"  # by a signal, after saving
    FAILED = "failed"
    REFUSED = "refused"  # its gates have not passed
    WAITING = "waiting"  # what it needs is not there


@dataclass(frozen=True)
class StepRecord:
    """A step as it was last seen.

    Attributes:
        state: then.
        identity: of the command that ran last, see `Progress.identity`.
        run: the run directory that it finished, None until it has.
        seconds: that all attempts of this identity took, as far as they could be written.
        cause: why it did not run or end.
        process: its number while it runs.
    """

    state: State
    identity: str = ""
    run: str | None = None
    seconds: float = 0.0
    cause: str = ""
    process: int | None = None


class Journal:
    """The records of all steps that were ever seen, by name.

    Args:
        folder: of the pipeline, which holds `steps.json` from the first `write` on.

    Raises:
        UserError: the file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.records: dict[str, StepRecord] = {}
        self.read()

    def read(self) -> None:
        """Take the records from the file, where there is one."""
        if not self.path.is_file():
            return
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            self.records = {name: _record(values) for name, values in content.items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise UserError(
                f"{self.path} is damaged: {error}",
                "remove it: gates, data and trainings that are finished are found again",
            ) from error

    def write(self, name: str, record: StepRecord) -> None:
        """Replace the record of a step."""
        self.records[name] = record
        content = {name: asdict(each) for name, each in self.records.items()}
        write_atomically(self.path, json.dumps(content, indent=1).encode() + b"\n")


def _record(values: dict[str, Any]) -> StepRecord:
    state = State(values.pop("state"))
    return StepRecord(state, **values)
