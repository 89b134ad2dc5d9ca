"""TensorBoard through Lightning's logger, in tensorboard/ of the run directory."""

import os
from typing import Any

from lightning.pytorch.loggers import TensorBoardLogger


class TensorBoardLog(TensorBoardLogger):
    """Lightning's TensorBoardLogger without versions of its own: a run directory is one run.

    Args:
        directory: the run directory.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        super().__init__(save_dir=directory, name="tensorboard", version="")

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """The configuration is in config.yaml already."""

    def save(self) -> None:
        """Nothing to write: there are no hyperparameters here."""
