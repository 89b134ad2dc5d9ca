from unittest.mock import Mock

import torch
from lightning.pytorch import LightningModule, Trainer

from nsca.callbacks.progress import PlainProgress, progress_callback


def trainer(step: int, logged: int = 1, **figures: float) -> Trainer:
    return Mock(
        spec=Trainer,
        global_step=step,
        estimated_stepping_batches=100,
        log_every_n_steps=logged,
        callback_metrics={
            name.replace("_", "/", 1): torch.tensor(v) for name, v in figures.items()
        },
        is_global_zero=True,
        sanity_checking=False,
    )


def test_plain_lines_come_now_and_then_and_name_the_loss(capsys):
    progress = PlainProgress(lines=10)
    progress.on_train_start(trainer(0), LightningModule())
    for step in range(1, 101):
        progress.on_train_batch_end(
            trainer(step, train_loss=0.5), LightningModule(), None, None, step
        )
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("step 10/100  loss 0.5000")
    progress.on_validation_end(trainer(100, val_loss=0.25, train_loss=1.0), LightningModule())
    assert capsys.readouterr().err == "step 100 validation: loss 0.2500\n"


def test_lines_stand_where_losses_are_logged(capsys):
    progress = PlainProgress(lines=10)
    progress.on_train_start(trainer(0), LightningModule())
    for step in range(1, 101):
        now = trainer(step, logged=7, train_loss=0.5)
        progress.on_train_batch_end(now, LightningModule(), None, None, step)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("/")[0] for line in lines[:2]] == ["step 7", "step 14"]
    assert lines[-1].startswith("step 100/100")
    assert len(lines) == 15


def test_without_a_terminal_there_is_no_bar():
    assert isinstance(progress_callback(), PlainProgress)


def test_of_many_horizons_the_last_is_printed(capsys):
    ahead = {f"val_place_m_{step}": step / 100 for step in range(1, 11)}
    ranks = {f"val_found_at_{rank}": 0.5 for rank in (1, 5, 10)}
    PlainProgress(2).on_validation_end(trainer(7, **ahead, **ranks), LightningModule())
    shown = capsys.readouterr().err
    assert "found_at_1 0.5000  found_at_10 0.5000  found_at_5 0.5000  place_m_10 0.1000" in shown
    assert "place_m_9" not in shown
