"""How several processes start and end; that they train as one is tested in test_ranks.py."""

import sys
from importlib.machinery import ModuleSpec
from unittest.mock import Mock

import pytest
from lightning.pytorch import Trainer

from nsca.errors import UserError
from nsca.shared_batch import (
    Orders,
    SharedBatch,
    require_launch,
    started_from_outside,
    together,
)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOCAL_RANK", "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)


def test_only_a_training_run_may_start_processes(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UserError, match="only a single training run"):
        require_launch(nodes=1)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", ModuleSpec("nsca.train", None))
    require_launch(nodes=1)


def test_other_machines_need_a_launcher(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UserError, match=r"other machines.*torchrun --nnodes=2"):
        require_launch(nodes=2)
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert started_from_outside()
    require_launch(nodes=2)


def a_trainer() -> Mock:
    trainer = Mock(spec=Trainer, strategy=Mock(spec=SharedBatch, launcher=Mock(procs=["a child"])))
    trainer.strategy.broadcast = lambda orders: orders
    return trainer


def test_a_failure_ends_the_processes_that_were_started():
    trainer = a_trainer()
    with pytest.raises(ZeroDivisionError), together(trainer, Orders(True, None)):
        raise ZeroDivisionError
    trainer.strategy.launcher.kill.assert_called_once()
    assert trainer.strategy.launcher.procs == []


def test_an_order_to_stop_lets_them_end_by_themselves():
    class Stop(Exception):  # noqa: N818
        exit_code = 143

    trainer = a_trainer()
    with pytest.raises(Stop), together(trainer, Orders(True, None)):
        raise Stop
    trainer.strategy.launcher.kill.assert_not_called()


def test_another_number_of_processes_than_asked_for_is_named():
    trainer = a_trainer()
    trainer.strategy.launcher.launch.side_effect = ValueError("devices=2 does not match 4")
    refused = pytest.raises(UserError, match=r"does not match 4.*hardware\.devices")
    with refused, together(trainer, None):
        pytest.fail("there is nothing to be together for")


def test_a_trainer_of_one_device_needs_nobody():
    trainer = Trainer(accelerator="cpu", devices=1, logger=False, enable_checkpointing=False)
    with together(trainer, Orders(True, None)) as orders:
        assert orders == Orders(True, None)
