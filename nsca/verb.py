"""How every command starts: compose with Hydra, check, run, and say failures in two lines.

A verb is `python -m nsca.<name>` with conf/<name>.yaml as its root. Nothing heavy is imported
before the configuration has been composed and checked, so help and configuration errors answer in
about a second. Hydra composes and sweeps; it creates no run directories (run_directory.py claims
those).

Exit codes: 0 done, 1 a bug (with traceback), 2 a UserError or a wrong configuration, 3 and 4 what a
verb says with `Ended` (a gate: a smoke run, not passed), 130 interrupted, 143 terminated. A sweep
runs on after a failed job and ends with the lowest code that is not 0: a bug before a mistake.
"""

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra import main as hydra_main
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig

from nsca.composition import (
    compose,
    config_directory,
    explain,
    reach,
    shape_advice,
    sweep_parser,
)
from nsca.errors import UserError, show

__all__ = ["Ended", "Stopped", "compose", "config_directory", "launch"]


@dataclass(frozen=True)
class Ended:
    """How a verb ended that has more to say than its run directory: an exit code of its own."""

    run_directory: Path
    exit_code: int


Run = Callable[[DictConfig], Path | Ended | None]

QUIET_HYDRA = (
    "hydra.output_subdir=null",
    "hydra.run.dir=.",
    "hydra.sweep.subdir=.",
    "hydra.job.chdir=false",
    "hydra/job_logging=none",
    "hydra/hydra_logging=none",
)


class Stopped(Exception):  # noqa: N818  (an order that was followed, not an error)
    """A run ended early on a signal, after saving. `exit_code` is 128 plus the signal's number."""

    def __init__(self, run_directory: Path, exit_code: int) -> None:
        super().__init__(f"stopped: {run_directory}")
        self.run_directory = run_directory
        self.exit_code = exit_code


def launch(config_name: str, run: Run) -> None:
    """Runs a verb from the command line and exits with its code; a user's mistake is two lines.

    Args:
        config_name: name of conf/<config_name>.yaml and of the verb.
        run: takes the checked configuration and returns the run directory, printed as the last
            line of stdout, alone or with an exit code. Heavy imports belong inside it.
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
        raise UserError(f"'{wrong[0]}' is not of the form key=value", shape_advice(wrong[0]))
    asks = known.help or known.hydra_help or known.info is not None or known.shell_completion
    if not asks:
        configs = [compose(config_name, job) for job in _jobs(known.overrides, known.multirun)]
        if not known.multirun and known.cfg is None:
            return _run_and_print(run, configs[0])
    return _through_hydra(config_name, run, known, arguments)


def _run_and_print(run: Run, config: DictConfig) -> int:
    ended = run(config)
    ended = Ended(ended, 0) if isinstance(ended, Path) else ended
    if ended is None:
        return 0
    print(ended.run_directory, flush=True)
    return ended.exit_code


def _through_hydra(
    config_name: str, run: Run, known: argparse.Namespace, arguments: list[str]
) -> int:
    """Help, --cfg, --info and multirun (with its launchers) are Hydra's."""
    failures: dict[str, int] = {}

    def job(_: DictConfig) -> None:
        overrides = list(HydraConfig.get().overrides.task)
        code = _exit_code(lambda: _run_and_print(run, compose(config_name, overrides)))
        if code >= 128:
            sys.exit(code)
        if code:
            failures[" ".join(overrides)] = code

    job.__module__ = f"nsca.{config_name}"
    flags = [argument for argument in arguments if argument not in known.overrides]
    overrides = [reach(override) for override in known.overrides]
    quiet = [*QUIET_HYDRA, _sweep_directory(known.overrides)] if known.multirun else []
    sys.argv = [sys.argv[0], *flags, *quiet, *overrides]
    hydra_main(version_base="1.3", config_path=str(config_directory()), config_name=config_name)(
        job
    )()
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    return min(failures.values(), default=0)


def _sweep_directory(overrides: Sequence[str]) -> str:
    outputs = next((o.partition("=")[2] for o in overrides if o.startswith("outputs=")), "outputs")
    return f"hydra.sweep.dir={outputs}/multirun/${{now:%Y-%m-%d_%H-%M-%S}}"


def _jobs(overrides: Sequence[str], multirun: bool) -> list[list[str]]:
    """Compositions to check: the one job, or each value of each swept key once, not the product."""
    if not multirun:
        return [list(overrides)]
    try:
        parsed = sweep_parser().parse_overrides(list(overrides))
        values = [
            [f"{o.get_key_element()}={v}" for v in o.sweep_string_iterator()]
            if o.is_sweep_override()
            else [str(o.input_line)]
            for o in parsed
        ]
    except HydraException as error:
        raise explain(error, "") from error
    first = [choices[0] for choices in values]
    jobs = [first]
    for index, choices in enumerate(values):
        jobs += [[*first[:index], choice, *first[index + 1 :]] for choice in choices[1:]]
    return jobs


def _exit_code(action: Callable[[], int]) -> int:
    try:
        return action()
    except UserError as error:
        show(error)
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
        show(friendly)
        return 2
    except Exception:  # noqa: BLE001  (the outermost frame: everything else is a bug to show)
        traceback.print_exc()
        print("error: this is a bug in nsca, not in your command", file=sys.stderr)
        return 1


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
