"""Windows of each step: of its stage alone, pure functions of seed and step."""

import pytest
from phases.short_trainings import batches_seen
from phases.tiny_dynamics import Pushed
from phases.tiny_memory import tiny_data, tiny_phase
from phases.tiny_vision import MovingShapes, tiny_trainer

from nsca.errors import UserError
from nsca.phases.memory.data import MemoryData


def test_a_resumed_run_sees_what_an_uninterrupted_one_would(tmp_path):
    def seen(steps: int, **how: object) -> list[tuple[int, float]]:
        found = batches_seen(
            tiny_phase(), tiny_data(), 6, lambda b: b.physical.double().sum().item(), **how
        )
        return found[:steps]

    whole = seen(6)
    assert len({fingerprint for _, fingerprint in whole}) == 6

    class StopHere(Exception):  # noqa: N818
        pass

    data, phase = tiny_data(), tiny_phase()
    trainer = tiny_trainer(6, limit_val_batches=0)

    def stop(batch, batch_idx) -> None:
        if batch.step == 2:
            trainer.save_checkpoint(tmp_path / "a.ckpt")
            raise StopHere

    phase.on_train_batch_start = stop
    with pytest.raises(StopHere):
        trainer.fit(phase, datamodule=data)
    assert seen(6, checkpoint=tmp_path / "a.ckpt") == whole[2:]


def attached(steps: int, **changes: object) -> MemoryData:
    data = tiny_data(**changes)
    data.trainer = tiny_trainer(steps, val_check_interval=1)
    data.setup("fit")
    phase = tiny_phase()
    data.pack(phase.senses, phase.encoder)
    return data


def test_a_step_shows_its_stage_alone_and_validation_every_task():
    data = attached(4)
    loader = data.train_dataloader()
    assert [set(loader.step_batch(step).task.tolist()) for step in range(4)] == [
        {0}, {0}, {1}, {1}
    ]  # fmt: skip
    assert [set(batch.task.tolist()) for batch in data.val_dataloader()] == [{0}, {1}]
    together = attached(4, stream=("plain+mirrored",)).train_dataloader()
    assert set(together.step_batch(0).task.tolist()) == {0, 1}


def test_bad_streams_and_sources_are_named():
    with pytest.raises(UserError, match="one sense alone"):
        tiny_data(source=MovingShapes())
    with pytest.raises(UserError, match="which task a moment belongs to"):
        attached(4, source=Pushed())
    with pytest.raises(UserError, match=r"no train windows of the task lift; it has mirrored, pl"):
        attached(4, stream=("plain", "lift"))
    with pytest.raises(UserError, match=r"training windows of plain, fewer than"):
        attached(4, effective_batch=40)
    with pytest.raises(UserError, match="1 steps for a stream of 2"):
        attached(1)
    with pytest.raises(UserError, match="how many steps"):
        attached(-1)
