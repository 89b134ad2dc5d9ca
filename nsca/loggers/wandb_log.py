"""Weights & Biases on request: offline unless this machine is logged in."""

import netrc
import os
from pathlib import Path

from lightning.pytorch.loggers import WandbLogger

from nsca.errors import UserError


class WandbLog(WandbLogger):
    """Lightning's WandbLogger in the run directory, with a stable id for resuming.

    Args:
        directory: the run directory.
        project: in W&B.
    """

    def __init__(self, directory: str | os.PathLike[str], project: str) -> None:
        try:
            import wandb  # noqa: F401
        except ModuleNotFoundError:
            raise UserError(
                "logger=wandb needs the package wandb", "pip install 'nsca[wandb]'"
            ) from None
        path = Path(directory)
        super().__init__(
            project=project,
            name=path.name,
            version=f"{path.parent.name}-{path.name}".replace("/", "-"),
            save_dir=path,
            offline=not logged_in(),
        )


def logged_in() -> bool:
    """Whether W&B would find a key, without asking it or showing the key."""
    if os.environ.get("WANDB_MODE") in {"offline", "disabled"}:
        return False
    if os.environ.get("WANDB_API_KEY"):
        return True
    file = Path.home() / ".netrc"
    if not file.is_file():
        return False
    try:
        return netrc.netrc(str(file)).authenticators("api.wandb.ai") is not None
    except netrc.NetrcParseError:
        return False
