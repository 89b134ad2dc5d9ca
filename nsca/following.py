"""A process that trains together with others and is not the first of them.

It holds the same data and the same phase and takes its share of every batch; run directory, card,
loggers and words are the first process's (nsca/training.py).
"""

import time
from pathlib import Path

import lightning
from omegaconf import DictConfig

from nsca.assembly import build_data, build_phase, plain
from nsca.callbacks.checkpointing import (
    Checkpointing,
    CheckpointSettings,
    Origin,
    StoppedOnRequest,
    StopRequest,
)
from nsca.errors import UserError
from nsca.preparation import prepare
from nsca.shared_batch import together
from nsca.stop_signals import graceful_stop
from nsca.training import build_trainer, options, quieten, watchers

FIRST_SPEAKS_S = 10.0


def follow_training(cfg: DictConfig) -> None:
    """Train as the first process orders.

    Raises:
        UserError: one that the first process does not have; it ends this one when it has it, too.
    """
    quieten()
    stop = StopRequest()
    try:
        data = build_data(cfg)
        with graceful_stop(stop.ask, None) as stop.listen:
            lightning.seed_everything(int(cfg.seed), workers=True, verbose=False)
            phase = build_phase(cfg)  # weights of earlier runs come from the first process
            prepare(phase, cfg)
            settings = CheckpointSettings(**plain(cfg.checkpoint))
            origin = Origin("", "", {})  # what this process saves is not written
            saving = Checkpointing(Path(cfg.outputs), settings, origin, stop)
            trainer = build_trainer(cfg, None, [saving, *watchers(cfg), *options(cfg)])
            with together(trainer, None) as orders:
                if orders.train:
                    trainer.fit(phase, datamodule=data, ckpt_path=orders.checkpoint)
    except StoppedOnRequest:
        return  # the first process says so
    except UserError:
        time.sleep(FIRST_SPEAKS_S)
        raise
