"""Values that cannot be are refused with their key, and those that can be are not."""

import pytest

from nsca.composition import compose
from nsca.errors import UserError

IMPOSSIBLE = [
    "phase.optimizer.learning_rate=-0.001",
    "phase.optimizer.learning_rate=0",
    "phase.optimizer.learning_rate=.nan",
    "phase.optimizer.learning_rate=.inf",
    "phase.optimizer.weight_decay=-1",
    "phase.optimizer.warmup_steps=-1",
    "phase.temperature=0",
    "phase.loss_weights.nt_xent=-1",
    "hardware.micro_batch.default=0",
    "hardware.micro_batch.default=-4",
    "hardware.devices=0",
    "effective_batch=0",
    "data.stride=0",
    "trainer.max_steps=0",
    "trainer.max_steps=-2",
    "trainer.max_steps=many",
    "hardware.micro_batch.default=null",
    "hardware.micro_batch.vision=2.5",
    "hardware.sustained_tflops=0",
    "hardware.memory_gb=null",
    "hardware.cost_per_hour=-1",
    "trainer.max_steps=1.5",
    "trainer.log_every_n_steps=0",
    "trainer.fast_dev_run=perhaps",
    "trainer.accumulate_grad_batches=4",
    "trainer.precision=16",
    "trainer.logger=true",
    "checkpoint.every_steps=0",
    "checkpoint.keep_last=0",
    "checkpoint.keep_best=-1",
    "checkpoint.mode=best",
    "early_stopping.patience=0",
    "early_stopping.min_change=-1",
    "ema.decay=1",
    "ema.decay=0",
    "seed=-1",
    "seed=1.5",
    "data.fraction=0",
    "data.fraction=1.5",
    "data.image_size=0",
    "hardware.compile=7",
    "debug.find_lr=3",
    "dry_run=flase",
    "dry_run=no",
    "data_module.neighbour_reach=0",
    "data_module.validation_batches=0",
    "watch.probes.fit_rows=0",
    "trainer.overfit_batches=-1",
    "trainer.gradient_clip_val=-0.5",
    "trainer.val_check_interval=0",
    "trainer.limit_train_batches=0",
    "hardware.micro_batch=8",
    "hardware.micro_batch=null",
    "hardware.precision=64-true",
    "model.vision.image_size=50",
    "model.fusion.n_heads=0",
]


@pytest.mark.parametrize("override", IMPOSSIBLE)
def test_an_impossible_value_is_refused_and_its_key_named(override: str):
    key = override.partition("=")[0]
    with pytest.raises(UserError) as error:
        compose("train", [override])
    assert key in error.value.cause
    assert error.value.remedy


@pytest.mark.parametrize(
    ("verb", "override"),
    [
        ("babble", "dry_run=[1]"),
        ("babble", "interactions_per_episode=1.5"),
        ("babble", "interactions_per_episode=[1]"),
        ("babble", "gravity=moon"),
        ("babble", "gravity=[1]"),
        ("gate", "workers=1.5"),
        ("gate", "seeds=word"),
        ("gate", "seeds=1.5"),
        ("gate", "seeds=[1.5]"),
        ("evaluate", "run=1.5"),
        ("evaluate", "run=[1]"),
        ("report", "run=1.5"),
        ("study", "workers=[1]"),
        ("train", "outputs=5"),
        ("train", "resume=5"),
        ("train", "parts.vision=5"),
        ("babble", "path=[1]"),
    ],
)
def test_a_value_of_another_kind_is_refused(verb: str, override: str):
    with pytest.raises(UserError) as error:
        compose(verb, ["phase=fusion", override] if verb == "train" else [override])
    assert error.value.cause.startswith(override)


def test_lists_are_taken_where_they_belong():
    assert list(compose("gate", ["seeds=[1,2]"]).seeds) == [1, 2]
    assert list(compose("report", ["run=[a,b]"]).run) == ["a", "b"]
    assert compose("report", ["run=a/*"]).run == "a/*"


@pytest.mark.parametrize("override", ["seed=abc", "interactions=many", "workers=auto"])
def test_a_word_where_a_number_belongs_is_refused(override: str):
    with pytest.raises(UserError, match=override):
        compose("babble", [override])
    compose("babble", ["workers=null"])


@pytest.mark.parametrize(
    "override",
    [
        "trainer.max_steps=1",
        "trainer.num_sanity_val_steps=-1",
        "trainer.max_steps=-1",
        "trainer.fast_dev_run=true",
        "trainer.overfit_batches=1",
        "trainer.limit_train_batches=0.5",
        "trainer.max_time=00:01:00:00",
        "seed=4294967295",
        "hardware.micro_batch.vision=7",
        "phase.loss_weights.temporal=0",
    ],
)
def test_a_possible_value_is_not_refused(override: str):
    compose("train", [override])


@pytest.mark.parametrize("word", ["perhaps", "1"])
def test_a_switch_that_may_be_left_open_takes_no_other_word(word: str):
    assert compose("study", []).seeds_at_once is None
    with pytest.raises(UserError, match=f"seeds_at_once={word} is impossible: it must be true"):
        compose("study", [f"seeds_at_once={word}"])
