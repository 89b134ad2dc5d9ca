"""What the check refuses, and that refusing runs nothing."""

import sys
from typing import Any

import pytest

from nsca.composition import compose
from nsca.config_check import advice, check_config, check_targets, nearest
from nsca.errors import UserError

RISKY = [
    "os.system",
    "builtins.eval",
    "builtins.exec",
    "subprocess.Popen",
    "subprocess.run",
    "hydra.utils.get_method",
    "hydra.utils.get_class",
    "hydra.utils.instantiate",
    "torch.load",
    "torch.hub.load",
    "torch.utils.cpp_extension.load",
    "nsca_evil.x",
    "nsca_evil.errors.UserError",
    "nsca",
    "nsca.",
    "nsca.errors.os.system",
    "nsca.verb.os.system",
    "nsca.verb.launch",
    "nsca.verb.sys.exit",
    "nsca..errors.UserError",
    "nsca.errors.UserError.__init__",
    "nsca.errors.__builtins__.eval",
    "lightning.pytorch.cli.LightningCLI",
    "lightning.pytorch.loggers.os.system",
    "importlib.import_module",
    "shutil.rmtree",
    "pickle.loads",
    "yaml.unsafe_load",
    "functools.partial",
    "types.FunctionType",
    ["os.system"],
    {"os": "system"},
    None,
    3,
]
PLACES = [
    lambda node: {"phase": node},
    lambda node: {"phase": {"encoder": node}},
    lambda node: {"watch": [{"inner": [node]}]},
    lambda node: {"phase": {**node, "_partial_": True}},
]


@pytest.mark.parametrize("target", RISKY, ids=str)
def test_a_risky_target_is_refused_wherever_it_stands_and_runs_nothing(
    target: Any, tmp_path, capfd: pytest.CaptureFixture[str]
):
    canary = tmp_path / "canary"
    node = {"_target_": target, "command": f"touch {canary}", "args": [f"touch {canary}"]}
    loaded = set(sys.modules)
    for place in PLACES:
        with pytest.raises(UserError):
            check_targets(place(node))
    assert not canary.exists()
    assert set(sys.modules) == loaded, "checking must import nothing"
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("target", [each for each in RISKY if isinstance(each, str) and each])
def test_a_risky_target_on_the_command_line_never_gets_to_run(target: str):
    with pytest.raises(UserError):
        compose("train", [f"phase._target_={target}"])


@pytest.mark.parametrize(
    "override",
    [
        "hydra.launcher._target_=os.system",
        "hydra.sweeper._target_=nsca.errors.UserError",
        "+hydra.callbacks.x._target_=os.system",
        "+hydra.job_logging.handlers.x={'()':os.system}",
        "+hydra.job_logging.handlers.x.class=subprocess.Popen",
        "+phase._args_=[1]",
    ],
)
def test_hydra_itself_cannot_be_made_to_call_something(override: str):
    with pytest.raises(UserError):
        compose("train", [override])


def test_the_projects_own_targets_are_allowed():
    check_targets({"logger": {"a": {"_target_": "nsca.loggers.csv_log.CsvLog"}}})
    check_targets({"o": {"_target_": "torch.optim.AdamW", "_partial_": True}})
    check_targets({"c": {"_target_": "lightning.pytorch.callbacks.EarlyStopping"}})


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
    "watch.probes.fit_frames=0",
    "trainer.overfit_batches=-1",
    "trainer.gradient_clip_val=-0.5",
]


@pytest.mark.parametrize("override", IMPOSSIBLE)
def test_an_impossible_value_is_refused_and_its_key_named(override: str):
    key = override.partition("=")[0]
    with pytest.raises(UserError) as error:
        compose("train", [override])
    assert key in error.value.cause
    assert error.value.remedy


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


def test_more_workers_than_cores_is_refused_with_the_number_there_is(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("nsca.config_check.available_cores", lambda: 2)
    with pytest.raises(UserError, match="2 cores"):
        check_config({"workers": 3}, "no_such_verb")
    check_config({"workers": 2}, "no_such_verb")


def test_the_nearest_word_or_all_of_them():
    assert nearest("visoin", ["vision", "audio"]) == "vision"
    assert nearest("zzz", ["vision", "audio"]) is None
    assert advice("zzz", ["vision", "audio"]) == "choose a key from: audio, vision"
    assert advice("zzz", []) == "remove it: there is no key here"


def test_an_option_that_nobody_reads_is_refused():
    config = {"seed": 0, "nobody": 1}
    with pytest.raises(UserError, match="nobody"):
        check_config(config, "train")
    check_config(config, "train", interpolated=frozenset({"nobody"}))
