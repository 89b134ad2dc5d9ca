"""What lies in the event file after a few steps."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from phases.tiny_audio import tiny_data as tiny_sounds
from phases.tiny_audio import tiny_phase as tiny_audio_phase
from phases.tiny_vision import tiny_data, tiny_phase, tiny_trainer
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nsca.callbacks.board import MOST_VALUES, Board, histograms
from nsca.loggers.tensorboard_log import TensorBoardLog


def events(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder / "tensorboard"), {"images": 0, "histograms": 0})
    return found.Reload()


def picture(found: EventAccumulator, name: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(found.Images(name)[0].encoded_image_string)))


def run(folder: Path, phase, data, loggers: bool = True) -> EventAccumulator | None:
    log = [TensorBoardLog(folder)] if loggers else False
    board = Board(samples=3)
    trainer = tiny_trainer(4, val_check_interval=2, callbacks=[board], logger=log)
    trainer.fit(phase, datamodule=data)
    return events(folder) if loggers else None


def test_views_are_shown_once_and_weights_and_gradients_at_every_validation(tmp_path: Path):
    phase = tiny_phase()
    found = run(tmp_path, phase, tiny_data())
    assert [image.step for image in found.Images("views")] == [2]
    assert picture(found, "views").shape == (3 * (2 * 64 + 2), 3 * (2 * 64 + 2), 3)
    trained = {name for name, p in phase.named_parameters() if p.requires_grad}
    names = {f"weights/{name}" for name in trained} | {f"gradients/{name}" for name in trained}
    assert set(found.Tags()["histograms"]) == names
    name = next(iter(sorted(trained)))
    assert [entry.step for entry in found.Histograms(f"weights/{name}")] == [2, 4]
    last = found.Histograms(f"weights/{name}")[-1].histogram_value
    assert last.max == pytest.approx(phase.get_parameter(name).max().item(), rel=1e-5)


def test_spectrograms_are_shown_and_what_is_told_of_them_each_time(tmp_path: Path):
    found = run(tmp_path, tiny_audio_phase(), tiny_sounds())
    assert set(found.Tags()["images"]) == {"spectrograms", "told"}
    assert [image.step for image in found.Images("told")] == [2, 4]
    assert [image.step for image in found.Images("spectrograms")] == [2]


def test_without_tensorboard_there_is_nothing_to_do(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("nsca.callbacks.board.made", lambda *_: pytest.fail("nobody looks"))
    run(tmp_path, tiny_phase(), tiny_data(), loggers=False)
    assert not (tmp_path / "tensorboard").exists()


def test_looking_changes_nothing(tmp_path: Path):
    weights = []
    for loggers in (True, False):
        phase = tiny_phase()
        torch.manual_seed(1)
        run(tmp_path, phase, tiny_data(), loggers)
        weights.append(torch.cat([p.detach().flatten() for p in phase.parameters()]))
    assert torch.equal(*weights)


def test_a_large_tensor_is_sampled_and_what_is_not_finite_left_out():
    module = torch.nn.Linear(300, 100)
    module.weight.grad = torch.full_like(module.weight, float("nan"))
    module.bias.requires_grad_(False)
    found = dict(histograms(module))
    assert found.keys() == {"weights/weight"}
    assert 0.5 * MOST_VALUES <= len(found["weights/weight"]) <= MOST_VALUES


def test_a_picture_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Board(samples=0)
