"""What data modules of steps share; pictures and sounds through it: vision/ and audio/test_data."""

from dataclasses import dataclass

import numpy as np
import pytest
from phases.tiny_vision import tiny_trainer

from nsca.data.batch import Batch, Split
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
