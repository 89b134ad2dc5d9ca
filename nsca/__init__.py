"""NSCA: do innate priors buy sample efficiency? A small world model and its experiments."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from nsca.phases.phase import Phase

__version__ = "0.1.0"


def load(run: "str | Path") -> "Phase":
    """Return the trained phase of a run directory, in evaluation mode on the CPU.

    Its best checkpoint by the monitored figure is taken, otherwise the last intact one.

    Raises:
        UserError: there is no such run, or no intact checkpoint in it.
    """
    from nsca.trained_phase import load_phase  # torch only when asked for

    return load_phase(run)
