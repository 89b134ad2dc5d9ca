import numpy as np
import pytest
import torch
from phases.short_trainings import batches_seen
from phases.tiny_audio import DyingTones
from phases.tiny_vision import MovingShapes, tiny_data, tiny_phase, tiny_trainer

from nsca.data.curriculum import Curriculum, picture_motion
from nsca.data.sample_order import clip_bounds
from nsca.data.step_loader import Epoch
from nsca.errors import UserError
from nsca.phases.vision.data import FrameSteps
from nsca.phases.vision.module import VisionPhase


def seen(max_steps: int, **how: object) -> list[tuple[int, float]]:
    def fingerprint(batch) -> float:
        return batch.second.double().sum().item()

    return batches_seen(tiny_phase(), tiny_data(), max_steps, fingerprint, **how)


def steps_loader(first: int, repeats: bool = False) -> FrameSteps:
    epoch = Epoch(seed=0, batch=32, steps=6, first_step=lambda: first, repeats=repeats)
    return FrameSteps(MovingShapes().frames("train"), epoch, has_time=True, reach=2)


def test_an_epoch_runs_from_the_current_step_to_its_end():
    assert [batch.step for batch in steps_loader(0)] == [0, 1, 2, 3, 4, 5]
    assert [batch.step for batch in steps_loader(8)] == [8, 9, 10, 11]
    resumed, whole = next(iter(steps_loader(8))), list(steps_loader(6))[2]
    assert torch.equal(resumed.frames, whole.frames)
    assert torch.equal(resumed.neighbour, whole.neighbour)


def test_batches_hold_stored_frames_and_their_neighbours():
    frames = MovingShapes().frames("train")
    first, last = clip_bounds(frames.clip)
    batch = next(iter(steps_loader(0)))
    assert batch.frames.dtype == torch.uint8
    assert batch.frames.shape == (32, 3, 64, 64)
    stored = {image.tobytes(): number for number, image in enumerate(frames.images)}
    for image, near in zip(batch.frames, batch.neighbour, strict=True):
        here = stored[image.permute(1, 2, 0).numpy().tobytes()]
        there = stored[near.permute(1, 2, 0).numpy().tobytes()]
        assert first[here] <= there <= last[here]
        assert 1 <= abs(there - here) <= 2


def test_overfitting_repeats_its_batches():
    epochs = [list(steps_loader(first, repeats=True)) for first in (0, 6)]
    assert epochs[1][0].step == 6
    assert torch.equal(epochs[0][0].frames, epochs[1][0].frames)
    assert not torch.equal(steps_loader(6).step_batch(6).frames, epochs[0][0].frames)


def test_a_resumed_run_sees_what_an_uninterrupted_one_would(tmp_path):
    whole = seen(10)
    assert [step for step, _ in whole] == list(range(10))
    seen(4, save=tmp_path / "a.ckpt")  # in the middle of an epoch of 6
    resumed = seen(10, checkpoint=tmp_path / "a.ckpt")
    assert resumed == whole[4:]


def test_validation_sees_the_same_views_every_time_and_not_those_of_training():
    data = tiny_data()
    seen: list[float] = []

    class Watching(VisionPhase):
        def on_validation_batch_start(self, batch, batch_idx):
            seen.append(batch.first.double().sum().item())

    phase = tiny_phase()
    phase.__class__ = Watching
    tiny_trainer(6, val_check_interval=3).fit(phase, datamodule=data)
    assert len(seen) == 4
    assert seen[:2] == seen[2:]
    assert seen[0] != seen[1]


def test_a_source_without_time_has_no_neighbours():
    data = tiny_data(source=MovingShapes(has_time=False))
    phase = tiny_phase()
    trainer = tiny_trainer(2)
    trainer.fit(phase, datamodule=data)
    assert "train/temporal" not in trainer.callback_metrics
    assert {"train/nt_xent", "val/nt_xent"} <= trainer.callback_metrics.keys()


def test_too_few_frames_are_refused_with_the_number_that_would_do():
    data = tiny_data(source=MovingShapes(clips=2), effective_batch=32)
    with pytest.raises(UserError, match=r"16 training frames.*effective_batch=16"):
        data.setup("fit")


def test_data_without_pictures_is_refused():
    with pytest.raises(UserError, match=r"dying_tones has no pictures.*data=image_folder"):
        tiny_data(source=DyingTones())


def test_a_batch_of_one_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        tiny_data(effective_batch=1)


def test_frames_are_loaded_once():
    data = tiny_data()
    assert data.stored("val") is data.stored("val")
    assert np.shares_memory(data.stored("train").images, data.stored("train").images)


def test_pictures_that_move_come_later_and_pictures_without_time_have_no_order():
    data = tiny_data(curriculum=Curriculum(enabled=True))
    stored = data.stored("train")
    assert np.array_equal(data.difficulty(stored), picture_motion(stored.images, stored.clip))
    with pytest.raises(UserError, match="does not say which frames are easy"):
        tiny_data(source=MovingShapes(has_time=False)).difficulty(stored)
