"""run.json: what ran, on what, for how long, and how it ended."""

import functools
import hashlib
import json
import math
import os
import platform
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from omegaconf import DictConfig, OmegaConf

from nsca.errors import UserError
from nsca.hardware import describe_hardware

RUN_CARD = "run.json"
RECORDED_PACKAGES = ("nsca", "torch", "lightning", "timm", "numpy", "mujoco")
# keys that say how and where a run is computed, not what it computes
NOT_IN_FINGERPRINT = ("resume", "logger", "hardware", "outputs", "workers", "dry_run", "hydra")


class RunCard:
    """Writes run.json when entered (running) and when left (finished, failed or interrupted).

    Inside the block, `record` adds metrics and `samples` counts what was processed.

    Args:
        directory: the run directory.
        verb: of the command.
        seed: of the run.
        config_fingerprint: see `config_fingerprint`; empty where the verb has none.
        data_fingerprint: sha256 of the data that was used; may be set later.
    """

    def __init__(
        self,
        directory: Path,
        *,
        verb: str,
        seed: int,
        config_fingerprint: str,
        data_fingerprint: str,
    ) -> None:
        self.directory = directory
        self.samples = 0
        self.data_fingerprint = data_fingerprint
        self.metrics: dict[str, float] = {}
        self._fixed: dict[str, Any] = {
            "verb": verb,
            "command": shlex.join(["python", "-m", f"nsca.{verb}", *sys.argv[1:]]),
            "seed": seed,
            "config_fingerprint": config_fingerprint,
        }
        self._started = 0.0
        self._seconds_before = 0.0
        self._samples_before = 0

    def record(self, metrics: Mapping[str, float]) -> None:
        """Add or replace flat metrics."""
        self.metrics.update({name: float(value) for name, value in metrics.items()})

    def note(self, **fields: Any) -> None:
        """Add or replace fields beside the metrics, and write them at once."""
        self._fixed |= fields
        self.update()

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        earlier = load_run_card(self.directory) if (self.directory / RUN_CARD).is_file() else {}
        # A resumed run counts what its interrupted parts took, as far as they could write it.
        self._seconds_before = float(earlier.get("seconds") or 0.0)
        self._samples_before = int(earlier.get("samples") or 0)
        # Figures stay until they are measured again: a run with nothing left to do measures none.
        known = {n: v for n, v in earlier.get("metrics", {}).items() if v is not None}
        self.metrics = {**known, **self.metrics}
        starts = [*earlier.get("starts", []), datetime.now(UTC).isoformat(timespec="seconds")]
        self._fixed |= {
            "starts": starts,
            "versions": versions(),
            "commit": commit(),
            "hardware": describe_hardware(),
        }
        self._write("running")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._write("finished")
        elif isinstance(error, KeyboardInterrupt | SystemExit) or hasattr(error, "exit_code"):
            self._write("interrupted")
        else:
            cause = (
                error.cause if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            )
            self._write("failed", error=cause)

    def update(self) -> None:
        """Write what is known so far; a killed run then leaves more than its start."""
        self._write("running")

    def _write(self, status: str, **more: str) -> None:
        own_seconds = time.monotonic() - self._started
        seconds = self._seconds_before + own_seconds
        samples = self._samples_before + self.samples
        card = {
            **self._fixed,
            "status": status,
            **more,
            "metrics": dict(sorted(self.metrics.items())),
            "seconds": round(seconds, 3),
            "samples": samples,
            "samples_per_s": round(self.samples / own_seconds, 3) if own_seconds > 0 else 0.0,
            "peak_memory_mb": peak_memory_mb(),
            "data_fingerprint": self.data_fingerprint,
        }
        if (device := peak_device_memory_mb()) is not None:
            card["peak_device_memory_mb"] = device
        _write_card(self.directory, card)


def load_run_card(path: Path) -> dict[str, Any]:
    """Read run.json of a run directory.

    Raises:
        UserError: there is none, or it is damaged.
    """
    file = Path(path) / RUN_CARD
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} has no {RUN_CARD}", "give a run directory") from None
    except ValueError:
        raise UserError(f"{file} is damaged", "restore it or remove that run directory") from None
    return dict(card)


def config_fingerprint(cfg: DictConfig) -> str:
    """Return the sha256 of what a configuration computes: all but where and how."""
    plain = OmegaConf.to_container(cfg, resolve=True)
    if not isinstance(plain, dict):
        raise TypeError(f"a configuration is a mapping, not {type(plain).__name__}")
    kept = {str(key): value for key, value in plain.items() if key not in NOT_IN_FINGERPRINT}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide results."""
    found = {"python": platform.python_version()}
    for name in RECORDED_PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def package_versions() -> dict[str, str]:
    """Return `versions` without nsca's own, which changes with every part of it."""
    return {name: version for name, version in versions().items() if name != "nsca"}


@functools.cache
def commit() -> str:
    """Return the commit of the checkout, with "-dirty" where tracked files outside `experiments/`
    differ from it; empty without a checkout.

    Asked once a process: the code in memory stays what it was when the checkout moves on under a
    study that takes hours.
    """
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return ""
    head = _git(root, "rev-parse", "HEAD")
    # a study that extends its own committed table must not call the code behind it changed
    changed = _git(root, "status", "--porcelain", "-uno", "--", ".", ":(exclude)experiments")
    if not head or changed is None:
        return ""
    return f"{head}-dirty" if changed else head


def _git(root: Path, *command: str) -> str | None:
    """What git says; None where it does not answer."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *command],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def peak_memory_mb() -> float:
    """Return the most memory that this process held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)


def peak_device_memory_mb() -> float | None:
    """Return the most memory on a CUDA device, in MB; None without torch or a device."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None
    return round(torch.cuda.max_memory_allocated() / 1e6, 1)


def write_atomically(file: Path, content: bytes) -> None:
    """Write a file so that readers and crashes see the old or the new content, never a part."""
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _write_card(directory: Path, card: Mapping[str, Any]) -> None:
    text = json.dumps(_finite(card), indent=1, allow_nan=False)
    write_atomically(directory / RUN_CARD, text.encode() + b"\n")


def _finite(value: Any) -> Any:
    """JSON has no NaN: it becomes null."""
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
