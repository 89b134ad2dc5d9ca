"""Which checkpoints are written and kept, on a model of one weight."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from torch.utils.data import DataLoader

from nsca.callbacks.checkpointing import (
    Checkpointing,
    CheckpointSettings,
    Origin,
    StoppedOnRequest,
    StopRequest,
    figures_of,
)
from nsca.checkpoint import SafeCheckpointIO, checkpoints_of, read_checkpoint, read_header
from nsca.stop_signals import graceful_stop


class Line(LightningModule):
    """Logs the validation figures it is given, and poisons its weight at a step if told to."""

    def __init__(self, figures: list[float], poisoned_step: int = -1) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.figures = list(figures)
        self.poisoned_step = poisoned_step

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        if self.global_step == self.poisoned_step:
            self.weight.data.fill_(float("nan"))
        return (self.weight * batch).sum()

    def validation_step(self, batch: torch.Tensor, batch_idx: int) -> None:
        if batch_idx == 0:
            self.log("val/loss", self.figures.pop(0), batch_size=1)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.01)


def fit(
    run: Path, model: Line, stop: StopRequest | None = None, sanity: int = 0, **settings: object
) -> None:
    chosen = {
        "every_steps": 4,
        "keep_last": 2,
        "keep_best": 1,
        "monitor": "val/loss",
        "mode": "min",
    }
    saving = Checkpointing(
        run,
        CheckpointSettings(**{**chosen, **settings}),
        Origin("a.Line", "f", {}),
        stop or StopRequest(),
    )
    trainer = Trainer(
        accelerator="cpu",
        max_steps=20,
        val_check_interval=5,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=sanity,
        logger=False,
        callbacks=[saving],
        plugins=[SafeCheckpointIO()],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=run,
    )
    numbers = DataLoader(torch.arange(8.0))
    trainer.fit(model, numbers, DataLoader(torch.arange(2.0)))


pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated"),
]


def steps(run: Path) -> list[int]:
    return [read_header(path).step for path in checkpoints_of(run)]


def test_the_last_two_and_the_best_are_kept(tmp_path: Path):
    fit(tmp_path, Line([3.0, 1.0, 2.0, 4.0]))
    assert steps(tmp_path) == [20, 16, 10]
    assert list(figures_of(tmp_path).values()) == [1.0, 4.0]


def test_the_best_may_be_the_largest(tmp_path: Path):
    fit(tmp_path, Line([1.0, 3.0, 2.0, 0.0]), mode="max")
    assert steps(tmp_path) == [20, 16, 10]


@pytest.mark.parametrize(("keep", "kept"), [(2, {10, 15}), (3, {5, 10, 15})])
def test_so_many_of_the_best_are_kept_as_asked_for(tmp_path: Path, keep: int, kept: set[int]):
    fit(tmp_path, Line([3.0, 1.0, 2.0, 4.0]), keep_best=keep)
    assert set(steps(tmp_path)) == {16, 20} | kept


def test_none_are_kept_for_being_best_when_asked_so(tmp_path: Path):
    fit(tmp_path, Line([1.0, 3.0, 2.0, 0.0]), keep_best=0, keep_last=1)
    assert steps(tmp_path) == [20]


def test_a_figure_to_monitor_that_is_never_logged_is_named_once(tmp_path: Path, capsys):
    fit(tmp_path, Line([3.0, 1.0, 2.0, 4.0]), monitor="val/lss")
    warned = capsys.readouterr().err
    assert warned.count("checkpoint.monitor=val/lss") == 1
    assert "did you mean 'val/loss'?" in warned


def test_weights_that_are_not_finite_are_never_saved(tmp_path: Path, capsys):
    fit(tmp_path, Line([1.0] * 4, poisoned_step=10))
    assert max(steps(tmp_path)) == 8
    assert "not finite at step 12" in capsys.readouterr().err
    for path in checkpoints_of(tmp_path):
        assert torch.isfinite(read_checkpoint(path)["state_dict"]["weight"]).all()


def test_who_takes_every_error_for_its_own_does_not_take_a_request_to_stop():
    """As compilers and Hydra do: a signal before the first step would be reported as a bug."""

    def wrapped() -> None:
        try:
            StopRequest(alone=True).ask(signal.SIGTERM)
        except Exception as error:
            raise RuntimeError("a bug") from error

    with pytest.raises(StoppedOnRequest):
        wrapped()


def test_a_request_to_stop_saves_and_leaves(tmp_path: Path):
    stop = StopRequest()

    class Impatient(Line):
        def on_validation_end(self) -> None:
            stop.signal = 15

    with pytest.raises(StoppedOnRequest) as stopped:
        fit(tmp_path, Impatient([1.0] * 4), stop)
    assert stopped.value.exit_code == 143
    assert steps(tmp_path)[0] == 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("place", ["training_step", "on_validation_start", "optimizer_step"])
def test_a_signal_in_the_middle_of_a_step_waits_for_its_end(
    tmp_path: Path, place: str, number: int, monkeypatch: pytest.MonkeyPatch
):
    """Lightning's own handler, which comes before ours, would end the run there, unsaved."""
    stop, inside = StopRequest(alone=True), getattr(Line, place)

    def disturbed(self: Line, *args: Any, **kwargs: Any) -> Any:
        if self.global_step in {5, 6}:  # after step 5 comes a validation
            os.kill(os.getpid(), number)
            monkeypatch.setattr(Line, place, inside)
        return inside(self, *args, **kwargs)

    monkeypatch.setattr(Line, place, disturbed)
    with graceful_stop(stop.ask) as stop.listen, pytest.raises(StoppedOnRequest) as stopped:
        fit(tmp_path, Line([1.0] * 4), stop)
    assert stopped.value.exit_code == 128 + number
    assert steps(tmp_path)[0] == (5 if place == "on_validation_start" else 6)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("place", ["on_fit_start", "on_validation_start"])
def test_a_signal_before_the_first_step_leaves_at_once(
    tmp_path: Path, place: str, number: int, monkeypatch: pytest.MonkeyPatch
):
    """Frozen encoders are asked then, for minutes; the validation is Lightning's sanity check."""
    stop, reached = StopRequest(alone=True), []

    def asking(self: Line) -> None:
        os.kill(os.getpid(), number)
        time.sleep(1)
        reached.append("the end")

    monkeypatch.setattr(Line, place, asking, raising=False)
    with graceful_stop(stop.ask) as stop.listen, pytest.raises(StoppedOnRequest) as stopped:
        fit(tmp_path, Line([1.0] * 4), stop, sanity=1)
    assert stopped.value.exit_code == 128 + number
    assert not reached
    assert steps(tmp_path) == []


def test_counters_are_saved_as_settled(tmp_path: Path):
    fit(tmp_path, Line([1.0] * 4))
    content = read_checkpoint(next(p for p in checkpoints_of(tmp_path) if "16" in p.name))
    progress = content["loops"]["fit_loop"]["epoch_loop.batch_progress"]
    assert set(progress["total"].values()) == {16}
    assert set(progress["current"].values()) == {0}
    assert progress["is_last_batch"] is False
