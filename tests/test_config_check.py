"""What the check refuses, and that refusing runs nothing."""

import sys
from typing import Any

import pytest

from nsca.composition import compose
from nsca.config_check import check_config, check_targets
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
    "torch.optim.AdamW",
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
    check_targets({"c": {"_target_": "lightning.pytorch.callbacks.EarlyStopping"}})


def test_more_workers_than_cores_is_refused_with_the_number_there_is(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("nsca.config_check.available_cores", lambda: 2)
    with pytest.raises(UserError, match="2 cores"):
        check_config({"workers": 3}, "no_such_verb")
    check_config({"workers": 2}, "no_such_verb")


def test_an_option_that_nobody_reads_is_refused():
    config = {"seed": 0, "nobody": 1}
    with pytest.raises(UserError, match="nobody"):
        check_config(config, "train")
    check_config(config, "train", interpolated=frozenset({"nobody"}))
