"""Several processes around one Trainer: how they start, what the first one tells the others, and
how they end.

`python -m nsca.train` starts the processes of its machine itself; `torchrun` and SLURM start all of
them. The first one, rank 0, has the run directory, writes and speaks; the others train with it.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from lightning.fabric.plugins.environments import SLURMEnvironment
from lightning.pytorch import Trainer
from lightning.pytorch.strategies import DDPStrategy
from torch import distributed

from nsca.errors import UserError

COMMAND = "nsca.train"


class SharedBatch(DDPStrategy):
    """Lightning's processes, devices and checkpoints without torch's averaging of gradients.

    A `Phase` exchanges embeddings and sums gradients itself (see `nsca.ranks`).
    """

    def configure_ddp(self) -> None:
        """Give all processes the weights of rank 0, which may come from earlier runs."""
        for tensor in self.lightning_module.state_dict().values():
            distributed.broadcast(tensor, src=0)


@dataclass(frozen=True)
class Orders:
    """What rank 0 tells the others.

    Attributes:
        train: whether there is anything to do.
        checkpoint: to continue from; None from the beginning.
    """

    train: bool
    checkpoint: Path | None


def started_from_outside() -> bool:
    """Whether torchrun, SLURM or the first process started this one as one of several."""
    return "LOCAL_RANK" in os.environ or SLURMEnvironment.detect()


def require_launch(nodes: int) -> None:
    """Check that this process can start the others, or need not.

    Raises:
        UserError: several machines without a launcher, or a command that is not one training run.
    """
    if started_from_outside():
        return
    if nodes > 1:
        raise UserError(
            f"hardware.nodes={nodes}: one process cannot start those of other machines",
            f"torchrun --nnodes={nodes} --nproc-per-node=<devices> -m {COMMAND} ..., or srun",
        )
    specification = getattr(sys.modules["__main__"], "__spec__", None)
    if specification is None or specification.name != COMMAND or HydraConfig.initialized():
        raise UserError(
            "only a single training run can start processes for several devices",
            f"hardware.devices=1 here, or one python -m {COMMAND} for each run",
        )


@contextmanager
def together(trainer: Trainer, orders: Orders | None) -> Iterator[Orders]:
    """Within the block all processes are there; gives what rank 0 ordered.

    Args:
        trainer: to fit within the block.
        orders: of rank 0; None on the others.

    Raises:
        UserError: a launcher started another number of processes than the profile names.
    """
    strategy = trainer.strategy
    try:
        if strategy.launcher is not None:
            strategy.launcher.launch(lambda: None, trainer=trainer)
    except ValueError as error:
        cause = " ".join(str(error).split())
        raise UserError(cause, "hardware.devices=<processes a machine>") from error
    try:
        strategy.setup_environment()
        told = strategy.broadcast(orders)
        if told is None:
            raise RuntimeError("rank 0 gave no orders")
        yield told
    except BaseException as error:
        if not hasattr(error, "exit_code"):  # an order to stop reaches all, and all save and leave
            _dismiss(trainer)
        raise


def _dismiss(trainer: Trainer) -> None:
    """End the processes that this one started; they wait for it in vain, or fail as it did."""
    launcher = trainer.strategy.launcher
    if launcher is not None:
        launcher.kill(signal.SIGKILL)
        launcher.procs.clear()  # else Lightning's observer takes their end for a crash and ends us
