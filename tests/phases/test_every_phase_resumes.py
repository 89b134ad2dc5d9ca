"""A training that was cut and taken up again ends as one that was not, in every phase: weights,
optimiser, schedule, random numbers, counters, and every metric on the way.
"""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from signal import SIGTERM
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from lightning import seed_everything
from lightning.pytorch import LightningDataModule, Trainer
from lightning.pytorch.callbacks import LambdaCallback
from phases import (
    tiny_audio,
    tiny_driving,
    tiny_dynamics,
    tiny_fewshot,
    tiny_full,
    tiny_fusion,
    tiny_memory,
    tiny_vision,
)
from phases.tiny_vision import tiny_trainer
from training_server import digest_of

from nsca.callbacks.checkpointing import (
    Checkpointing,
    CheckpointSettings,
    Origin,
    StoppedOnRequest,
    StopRequest,
)
from nsca.checkpoint import SafeCheckpointIO, checkpoints_of, read_checkpoint, read_header
from nsca.conf_folder import config_directory
from nsca.loggers.csv_log import CsvLog, read_metrics
from nsca.phases.phase import Phase
from nsca.priors.gravity import Gravity
from nsca.priors.weight import PriorWeight

STEPS, MICRO_BATCH = 6, 7
SETTINGS = CheckpointSettings(
    every_steps=100, keep_last=1, keep_best=0, monitor="val/loss", mode="min"
)
Make = tuple[Callable[..., Phase], Callable[[], LightningDataModule]]


def learning(tiny_phase: Callable[..., Phase], **changes: Any) -> Phase:
    """With a prior whose weight learns."""
    weight = PriorWeight(0.9, 0.3, learnable=True)
    return tiny_phase(prior=Gravity(9.81), weight=weight, **changes)


MAKE: dict[str, Make] = {
    "vision": (tiny_vision.tiny_phase, tiny_vision.tiny_data),
    "audio": (tiny_audio.tiny_phase, tiny_audio.tiny_data),
    "fusion": (tiny_fusion.tiny_phase, tiny_fusion.tiny_data),
    "dynamics": (partial(learning, tiny_dynamics.tiny_phase), tiny_dynamics.tiny_data),
    "driving_dynamics": (
        partial(learning, tiny_driving.driving_phase, linear=True),
        partial(tiny_dynamics.tiny_data, source=tiny_driving.Driven()),
    ),
    "memory": (partial(learning, tiny_memory.tiny_phase), tiny_memory.tiny_data),
    "full": (partial(learning, tiny_full.tiny_phase, linear=True), tiny_full.tiny_data),
    "fewshot": (partial(learning, tiny_fewshot.tiny_phase), tiny_fewshot.tiny_data),
}
# of memory: within a stage, where one has ended, and after its anchors were set
CASES = [*((name, 3) for name in MAKE), ("memory", 2), ("memory", 5)]


def _rng(run: Path) -> dict[str, Any]:
    state = read_checkpoint(checkpoints_of(run)[0])["rng"]
    return state | {"torch": state["torch"].tolist()}


def train(name: str, run: Path, after: int | None = None) -> dict[str, str]:
    """Train to the end, or stop after so many steps, from where the run has been left."""
    seed_everything(0, workers=True, verbose=False)
    make_phase, make_data = MAKE[name]
    stop = StopRequest()

    def count(trainer: Trainer, *step: object) -> None:
        if trainer.global_step == after:
            stop.signal = SIGTERM

    saving = Checkpointing(run, SETTINGS, Origin(name, "", {}), stop)
    trainer = tiny_trainer(
        STEPS,
        logger=CsvLog(str(run)),
        callbacks=[saving, LambdaCallback(on_train_batch_end=count)],
        plugins=[SafeCheckpointIO()],
        val_check_interval=2,
        gradient_clip_val=1.0,
    )
    start = next(iter(checkpoints_of(run)), None)
    trainer.fit(make_phase(micro_batch=MICRO_BATCH), datamodule=make_data(), ckpt_path=start)
    # what is logged anew in a step comes last there, and a resumed training logs everything anew
    metrics = repr(sorted(read_metrics(run)))
    # Python's generator is drawn from by what checks shapes in tests
    drawn = {name: state for name, state in _rng(run).items() if name != "python"}
    return digest_of(run) | {"metrics": metrics, "rng": repr(drawn)}


def test_no_phase_is_left_out():
    assert MAKE.keys() == {path.stem for path in (config_directory() / "phase").glob("*.yaml")}


@cache
def whole(name: str) -> dict[str, str]:
    """Of a training that nobody cut."""
    with TemporaryDirectory() as folder:
        return train(name, Path(folder))


@pytest.mark.parametrize(("name", "after"), CASES)
def test_a_resumed_training_ends_as_an_uninterrupted_one(name: str, after: int, tmp_path: Path):
    with pytest.raises(StoppedOnRequest):
        train(name, tmp_path, after)
    assert [read_header(path).step for path in checkpoints_of(tmp_path)] == [after]
    found, expected = train(name, tmp_path), whole(name)
    assert {"state_dict", "optimizer_states", "lr_schedulers", "rng"} <= found.keys()
    assert [part for part in expected if found[part] != expected[part]] == []
    assert "train/loss" in found["metrics"]
    assert "val/loss" in found["metrics"]
