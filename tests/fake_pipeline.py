"""What became of a pipeline whose commands are `fake_verbs.py`, in the working directory."""

from pathlib import Path

from nsca.pipelines.journal import Journal, State

HOME = Path("outputs/pipeline/fake")
ALL = ["balloon", "babble", "vision", "visible_quantities", "audio"]  # in the order of the file


def ran() -> list[str]:
    """What the steps' commands did, in the order in which they began."""
    return [line.split(":")[0] for line in Path("commands.txt").read_text().splitlines()]


def states() -> dict[str, State]:
    """Of all steps, by the journal."""
    return {name: record.state for name, record in Journal(HOME).records.items()}
