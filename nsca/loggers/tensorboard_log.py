"""TensorBoard through Lightning's logger, in tensorboard/ of the run directory; a resumed run takes
back what it had logged of steps that come again.
"""

import os
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import TensorBoardLogger

from nsca.loggers.csv_log import read_metrics


class TensorBoardLog(TensorBoardLogger):
    """Lightning's TensorBoardLogger without versions of its own: a run directory is one run.

    Args:
        directory: the run directory.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        known = read_metrics(Path(directory))  # cut back to where it goes on
        again = {"purge_step": known[-1][0] + 1} if known else {}
        super().__init__(save_dir=directory, name="tensorboard", version="", **again)

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """The configuration is in config.yaml already."""

    def save(self) -> None:
        """Nothing to write: there are no hyperparameters here."""
