"""What data modules of steps share; pictures and sounds through it: vision/ and audio/test_data."""

from dataclasses import dataclass

import numpy as np
import pytest
from phases.tiny_vision import tiny_trainer

from nsca.data.batch import Batch
from nsca.data.curriculum import Curriculum
from nsca.data.source import Split
from nsca.data.step_loader import VALIDATION_SEED_OFFSET, Epoch, StepLoader
from nsca.errors import UserError
from nsca.phases.step_data import StepData


@dataclass(frozen=True)
class Numbered(Batch):
    step: int


class Loader(StepLoader[Numbered]):
    def gather(self, rows: np.ndarray, drawn: int, step: int) -> Numbered:
        return Numbered(step)


class Numbers(StepData[list]):
    """10 numbers to train on, 5 to validate."""

    rows = "numbers"
    times_loaded = 0

    def load(self, split: Split) -> list:
        self.times_loaded += 1
        return list(range({"train": 10, "val": 5, "test": 0}[split]))

    def loader(self, stored: list, epoch: Epoch) -> Loader:
        return Loader(len(stored), epoch)


def numbers(batch: int = 4, **trainer: object) -> Numbers:
    data = Numbers("digits", batch, seed=7, validation_batches=3)
    data.trainer = tiny_trainer(10, **trainer)
    return data


def test_training_begins_where_it_stands_and_validation_at_its_beginning():
    data = numbers()
    train, val = data.train_dataloader(), data.val_dataloader()
    assert (len(train), len(val)) == (2, 1)
    assert (train.epoch.seed, train.epoch.batch, train.epoch.repeats) == (7, 4, False)
    offset = 7 + VALIDATION_SEED_OFFSET
    assert (val.epoch.seed, val.epoch.batch, val.epoch.repeats) == (offset, 4, True)
    assert [batch.step for batch in train] == [0, 1]
    assert data.times_loaded == 2


def test_a_small_validation_split_is_one_batch():
    assert numbers(batch=8).val_dataloader().epoch.batch == 5


@pytest.mark.parametrize(("overfit", "steps"), [(1, 1), (0.5, 1), (5, 2)])
def test_overfitting_repeats_a_few_batches(overfit, steps):
    loader = numbers(overfit_batches=overfit).train_dataloader()
    assert len(loader) == steps
    assert loader.epoch.repeats


def test_what_does_not_fill_a_batch_is_refused():
    with pytest.raises(UserError, match=r"digits has 10 training numbers.*effective_batch=10"):
        numbers(batch=11).setup("fit")
    with pytest.raises(ValueError, match="at least 2"):
        numbers(batch=1)


def test_views_are_those_of_training_only_while_training():
    data = numbers()
    data.trainer.training = True
    assert data.view_seed() == 7
    data.trainer.training = False
    assert data.view_seed() == 7 + VALIDATION_SEED_OFFSET
    with pytest.raises(RuntimeError, match="not attached"):
        Numbers("digits", 4, 7, 3).view_seed()


class Graded(Numbers):
    """Larger numbers are easier."""

    def difficulty(self, stored: list) -> np.ndarray:
        return -np.array(stored, np.float64)


def test_a_curriculum_is_of_training_rows_alone():
    data = Graded("digits", 3, 7, 3, Curriculum(enabled=True, epochs=1))
    data.trainer = tiny_trainer(10)
    data.setup("fit")
    epoch = data.train_dataloader().epoch
    assert sorted(epoch.rows(10, 0).tolist()) == [7, 8, 9]
    assert set(epoch.rows(10, 1).tolist()) <= set(range(4, 10))
    assert data.val_dataloader().epoch.thirds is None
    assert numbers().train_dataloader().epoch.thirds is None


def test_a_third_that_fills_no_batch_is_refused():
    with pytest.raises(UserError, match="easiest third of digits is 3 numbers, fewer than"):
        Graded("digits", 4, 7, 3, Curriculum(enabled=True)).setup("fit")


def test_rows_of_unknown_difficulty_have_no_curriculum():
    data = Numbers("digits", 3, 7, 3, Curriculum(enabled=True))
    data.trainer = tiny_trainer(10)
    with pytest.raises(UserError, match="digits does not say which numbers are easy"):
        data.train_dataloader()
