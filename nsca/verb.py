"""How every command starts: compose with Hydra, check, run, and say failures in two lines.

A verb is `python -m nsca.<name>` with conf/<name>.yaml as its root. Nothing heavy is imported before the configuration has
been composed and checked, so help and configuration errors answer in about a second. Hydra composes and sweeps; it creates
no run directories (run_directory.py claims those).

Exit codes: 0 done, 1 a bug (with traceback), 2 a UserError or a wrong configuration, 130 interrupted, 143 terminated.
"""

import argparse
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir, version
from hydra import main as hydra_main
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from nsca.config_check import advice, check_config, nearest
from nsca.errors import UserError
from nsca.source_signature import signature_of

Run = Callable[[DictConfig], Path | None]

QUIET_HYDRA = (
    "hydra.output_subdir=null",
    "hydra.run.dir=.",
    "hydra.job.chdir=false",
    "hydra/job_logging=none",
    "hydra/hydra_logging=none",
)


class Stopped(Exception):
    """A run ended early on a signal, after saving. `exit_code` is 128 plus the signal's number."""

    def __init__(self, run_directory: Path, exit_code: int) -> None:
        super().__init__(f"stopped: {run_directory}")
        self.run_directory = run_directory
        self.exit_code = exit_code


def config_directory() -> Path:
    """The folder conf/: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(__file__).parent
    for candidate in (package.parent / "conf", package / "conf"):
        if (candidate / "train.yaml").is_file():
            return candidate
    raise UserError(
        "the configuration folder conf/ is missing", "install nsca again: it belongs to the package"
    )


def compose(config_name: str, overrides: Sequence[str]) -> DictConfig:
    """Composes and checks one configuration.

    Args:
        config_name: root config, for example "train".
        overrides: as on the command line, for example ["phase=vision", "trainer.max_steps=20"].

    Returns:
        The configuration without Hydra's own node, read-only.

    Raises:
        UserError: for everything that is wrong with it.
    """
    directory = config_directory()
    overrides = [_reach_trainer(override) for override in overrides]
    try:
        with initialize_config_dir(str(directory), version_base="1.3", job_name=config_name):
            config = hydra_compose(config_name, overrides, return_hydra_config=True)
        hydra = OmegaConf.to_container(config.hydra, resolve=False)
        _refuse_logging_changes(hydra)
        own = OmegaConf.masked_copy(config, [key for key in config if key != "hydra"])
        interpolated = frozenset(
            re.findall(r"\$\{\s*([A-Za-z_]\w*)\s*[.\[}]", OmegaConf.to_yaml(own))
        )
        plain = OmegaConf.to_container(own, resolve=True, throw_on_missing=True)
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise _explain(error, config_name) from error
    assert isinstance(plain, dict)
    try:
        check_config({**plain, "hydra": hydra}, config_name, interpolated)
    except UserError as error:
        raise UserError(error.cause + _where(error.cause), error.remedy) from None
    OmegaConf.set_readonly(own, True)
    return own


def launch(config_name: str, run: Run) -> None:
    """Runs a verb from the command line and exits with its code; never returns a traceback for a user's mistake.

    Args:
        config_name: name of conf/<config_name>.yaml and of the verb.
        run: takes the checked configuration and returns the run directory, printed as the last line of stdout. Heavy imports
            belong inside it.
    """
    sys.exit(_exit_code(lambda: _launch(config_name, run, sys.argv[1:])))


def _launch(config_name: str, run: Run, arguments: list[str]) -> int:
    parser = get_args_parser()
    parser.prog = f"python -m nsca.{config_name}"
    known = parser.parse_intermixed_args(arguments)
    if known.experimental_rerun is not None:
        raise UserError(
            "--experimental-rerun reads a pickle and is refused", "use resume=<run directory>"
        )
    if known.config_name or known.config_path:
        raise UserError(
            "every command has its own root config",
            f"drop --config-name and --config-path; edit conf/{config_name}.yaml",
        )
    wrong = [
        override
        for override in known.overrides
        if "=" not in override and not override.startswith("~")
    ]
    if wrong:
        raise UserError(f"'{wrong[0]}' is not of the form key=value", _shape_advice(wrong[0]))
    asks = known.help or known.hydra_help or known.info is not None or known.shell_completion
    if not asks:
        configs = [compose(config_name, job) for job in _jobs(known.overrides, known.multirun)]
        if not known.multirun and known.cfg is None:
            return _run_and_print(run, configs[0])
    return _through_hydra(config_name, run, known, arguments)


def _run_and_print(run: Run, config: DictConfig) -> int:
    directory = run(config)
    if directory is not None:
        print(directory, flush=True)
    return 0


def _through_hydra(
    config_name: str, run: Run, known: argparse.Namespace, arguments: list[str]
) -> int:
    """Help, --cfg, --info and multirun (with its launchers) are Hydra's."""
    failures: list[str] = []

    def job(config: DictConfig) -> None:
        OmegaConf.set_readonly(config, True)
        code = _exit_code(lambda: _run_and_print(run, config))
        if code >= 128:
            sys.exit(code)
        if code:
            failures.append(
                f"#{HydraConfig.get().job.num} {HydraConfig.get().job.override_dirname}"
            )

    job.__module__ = f"nsca.{config_name}"
    flags = [argument for argument in arguments if argument not in known.overrides]
    overrides = [_reach_trainer(override) for override in known.overrides]
    quiet = [*QUIET_HYDRA, _sweep_directory(known.overrides)] if known.multirun else []
    sys.argv = [sys.argv[0], *flags, *quiet, *overrides]
    hydra_main(version_base="1.3", config_path=str(config_directory()), config_name=config_name)(
        job
    )()
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _sweep_directory(overrides: Sequence[str]) -> str:
    outputs = next((o.partition("=")[2] for o in overrides if o.startswith("outputs=")), "outputs")
    return f"hydra.sweep.dir={outputs}/multirun/${{now:%Y-%m-%d_%H-%M-%S}}"


def _jobs(overrides: Sequence[str], multirun: bool) -> list[list[str]]:
    """Compositions to check: the one job, or every value of every swept key once (not their product)."""
    if not multirun:
        return [list(overrides)]
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise _explain(error, "") from error
    values = [
        [f"{o.get_key_element()}={v}" for v in o.sweep_string_iterator()]
        if o.is_sweep_override()
        else [str(o.input_line)]
        for o in parsed
    ]
    first = [choices[0] for choices in values]
    jobs = [first]
    for index, choices in enumerate(values):
        jobs += [[*first[:index], choice, *first[index + 1 :]] for choice in choices[1:]]
    return jobs


def _reach_trainer(override: str) -> str:
    """`trainer.x=` may set any argument of Lightning's Trainer, listed in conf/train.yaml or not."""
    match = re.match(r"trainer\.(\w+)(\.\w+)*=", override)
    if match and match[1] in signature_of("lightning.pytorch.trainer.trainer.Trainer").annotations:
        return f"++{override}"
    return override


def _refuse_logging_changes(hydra: Any) -> None:
    """Python's logging configuration can call anything by name, so a config may not bring its own."""
    for node in ("job_logging", "hydra_logging"):
        text = str(hydra.get(node))
        if any(mark in text for mark in ("'()'", "cfg://")) or re.search(
            r"'class': '(?!logging\.|colorlog\.)", text
        ):
            raise UserError(
                f"hydra.{node} may only use logging's own classes", f"remove hydra.{node}"
            )


def _exit_code(action: Callable[[], int]) -> int:
    try:
        return action()
    except UserError as error:
        _report(error)
        return 2
    except Stopped as stop:
        print(stop.run_directory, flush=True)
        return stop.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stdout = None  # the reader is gone; there is nothing left to flush to
        return 1
    except OSError as error:
        if (friendly := _disk_error(error)) is None:
            traceback.print_exc()
            return 1
        _report(friendly)
        return 2
    except Exception:
        traceback.print_exc()
        print("error: this is a bug in nsca, not in your command", file=sys.stderr)
        return 1


def _report(error: UserError) -> None:
    if os.environ.get("NSCA_TRACEBACK") == "1":
        traceback.print_exc()
    sys.stdout.flush()
    print(f"error: {error.cause}\n  fix: {error.remedy}", file=sys.stderr)


def _disk_error(error: OSError) -> UserError | None:
    import errno

    place = error.filename or "the output folder"
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return UserError(
                f"no space left while writing {place}",
                "free space, or outputs=<folder on another volume>",
            )
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return UserError(f"{place} cannot be written", "outputs=<folder you may write to>")
    return None


def _explain(error: Exception, config_name: str) -> UserError:
    """Hydra's and OmegaConf's errors as one line with the nearest right word."""
    inner: BaseException = error
    while not isinstance(inner, OmegaConfBaseException) and inner.__cause__ is not None:
        inner = inner.__cause__
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, choice = str(error.missing_cfg_file).rpartition("/")
        return UserError(f"there is no {group}={choice}", advice(choice, error.options, "choice"))
    if (
        isinstance(inner, OmegaConfBaseException)
        and inner.parent_node is not None
        and inner.key is not None
    ):
        full_key = inner.full_key or str(inner.key)
        siblings = (
            {str(key) for key in inner.parent_node}
            if isinstance(inner.parent_node, DictConfig)
            else set()
        )
        if "Interpolation" in type(inner).__name__:
            missing = re.search(r"key '([^']+)' not found", str(inner))
            word = missing[1] if missing else full_key
            return UserError(
                f"'{full_key}' refers to '{word}', which does not exist",
                _key_advice(word, config_name),
            )
        if str(inner.key) in siblings:
            return UserError(f"{full_key}: {_first_line(inner)}", "give a value of that kind")
        siblings -= set() if full_key != inner.key else {"hydra"}
        remedy = advice(str(inner.key), siblings | (_groups() if full_key == inner.key else set()))
        return UserError(f"unknown key '{full_key}'", remedy)
    text = _first_line(error)
    if match := re.search(r"Could not override '([^']+)'", text):
        word = match[1].split("@")[0]
        return UserError(
            f"there is nothing called '{word}' to choose or set", _key_advice(word, config_name)
        )
    if isinstance(error, YAMLError):
        mark = getattr(error, "problem_mark", None)
        place = f"{mark.name}, line {mark.line + 1}" if mark else "a config file"
        return UserError(
            f"{place} is not valid YAML: {getattr(error, 'problem', text)}", "correct that line"
        )
    return UserError(text, f"python -m nsca.{config_name or 'train'} --help")


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _groups() -> set[str]:
    return {folder.name for folder in config_directory().iterdir() if folder.is_dir()}


def _key_advice(word: str, config_name: str) -> str:
    """Nearest key of the plain composition, for words that were not found in it."""
    candidates = _groups()
    if config_name:
        text = (config_directory() / f"{config_name}.yaml").read_text(encoding="utf-8")
        candidates |= set(re.findall(r"^(\w+):", text, flags=re.MULTILINE)) - {"defaults", "hydra"}
    for file in config_directory().glob("*/*.yaml"):
        candidates |= set(
            re.findall(r"^(\w+):", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        )
    return advice(word.split(".")[-1] if "." in word else word, candidates)


def _shape_advice(word: str) -> str:
    for group in sorted(_groups()):
        if (config_directory() / group / f"{word}.yaml").is_file():
            return f"write {group}={word}"
    match = nearest(word, _groups())
    return f"write {match}=<choice>" if match else "write key=value, for example phase=vision"


def _where(cause: str) -> str:
    """', in conf/x/y.yaml line n' for a key that stands in exactly one config file."""
    match = re.search(r"unknown key '(?:.*\.)?([\w-]+)'", cause)
    if match is None:
        return ""
    directory, places = config_directory(), []
    for file in sorted(directory.rglob("*.yaml")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if re.match(rf"\s*{re.escape(match[1])}\s*:", line):
                places.append(f", conf/{file.relative_to(directory).as_posix()} line {number}")
    return places[0] if len(places) == 1 else ""


version.setbase("1.3")
