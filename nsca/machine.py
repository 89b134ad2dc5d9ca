"""What this machine can do: one pure check per subject, each a finding with a remedy.

Nothing heavy is imported into this process: versions come from the packages' metadata, the GPU
from `nvidia-smi`, GL from a subprocess. The advice on cores and memory for MuJoCo follows the
hardware profiles: 16 cores and 64 GB beside a 24 GB card, 32 cores and 128 GB beside an A100.
"""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nsca.hardware import available_cores

GIB = 1024**3
SETUP = "make setup"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report.

    Attributes:
        level: `ok`; `warn`, works with a restriction; `missing`, something essential is not there.
        remedy: what to do about it, empty when all is well.
    """

    level: Literal["ok", "warn", "missing"]
    subject: str
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class Gpu:
    """A CUDA device as its driver describes it; a memory of 0 is one that it does not tell."""

    name: str
    memory_gib: float


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Python 3.11 to 3.13."""
    detail = f"{version[0]}.{version[1]} ({sys.executable})"
    if (3, 11) <= version < (3, 14):
        return Finding("ok", "Python", detail)
    return Finding(
        "missing", "Python", detail, f"3.11 to 3.13 is needed: {SETUP} finds or fetches one"
    )


def check_packages(requires: list[str] | None = None) -> Iterator[Finding]:
    """What is installed against the ranges that this package asks for.

    Args:
        requires: requirement lines; by default those of the installed nsca.
    """
    if requires is None:
        try:
            requires = importlib.metadata.requires("nsca") or []
        except importlib.metadata.PackageNotFoundError:
            yield Finding("missing", "packages", "nsca is not installed", SETUP)
            return
    satisfied = 0
    for requirement in map(Requirement, requires):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding("missing", requirement.name, "not installed", SETUP)
            continue
        if requirement.specifier.contains(version, prereleases=True):
            satisfied += 1
        else:
            detail = f"{version}, but {requirement.specifier} is needed"
            yield Finding("missing", requirement.name, detail, SETUP)
    yield Finding("ok", "packages", f"{satisfied} direct dependencies in range")


def check_lock(lock: Path) -> Finding:
    """Whether the environment is the one of requirements.lock; differing is allowed, and said."""
    if not lock.is_file():
        return Finding("ok", "lock", "no requirements.lock beside this installation")
    installed = {
        canonicalize_name(each.name): each.version for each in importlib.metadata.distributions()
    }
    other = []
    for line in re.findall(r"^\w[^\\\n]+", lock.read_text(), flags=re.MULTILINE):
        pin = Requirement(line)
        here = installed.get(canonicalize_name(pin.name))
        applies = pin.marker is None or pin.marker.evaluate()
        if applies and here is not None and here not in pin.specifier:
            other.append(f"{pin.name} {here} (lock: {pin.specifier})")
    if not other:
        return Finding("ok", "lock", "every installed package has the version of requirements.lock")
    shown = ", ".join(other[:3]) + (" ..." if len(other) > 3 else "")
    return Finding("warn", "lock", f"{len(other)} packages differ: {shown}", SETUP)


def check_torch_pair(versions: dict[str, str] | None = None) -> Finding:
    """torch and torchvision must be of the same kind of build, else torchvision fails to import."""
    if versions is None:
        try:
            versions = {n: importlib.metadata.version(n) for n in ("torch", "torchvision")}
        except importlib.metadata.PackageNotFoundError as absent:
            return Finding("missing", "torch", f"{absent.name} is not installed", SETUP)
    builds = {name: version.partition("+")[2] for name, version in versions.items()}
    detail = ", ".join(f"{name} {version}" for name, version in versions.items())
    if len(set(builds.values())) == 1:
        return Finding("ok", "torch", detail)
    return Finding("missing", "torch", f"{detail} are different builds", f"rm -rf .venv; {SETUP}")


def nvidia_gpus() -> list[Gpu]:
    """The CUDA devices that the driver lists; none without `nvidia-smi` or while it hangs."""
    if shutil.which("nvidia-smi") is None:
        return []
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = [line.rsplit(",", 1) for line in answer.stdout.splitlines() if "," in line]
    # "[N/A]" where card and processor share their memory
    return [Gpu(name.strip(), float(mib) / 1024 if _is_number(mib) else 0.0) for name, mib in rows]


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*\d+(\.\d+)?\s*", text) is not None


def profiles_that_fit(gpus: list[Gpu], system: str, machine: str, profiles: Path) -> list[str]:
    """Names for `hardware=`, by memory.

    A card sold with 24 GB reports a little less than 24 GiB, hence the margin of a tenth.

    Args:
        profiles: the folder conf/hardware.
    """
    import yaml

    largest = max((gpu.memory_gib for gpu in gpus), default=0.0)
    fitting = []
    for path in profiles.glob("*.yaml"):
        profile = yaml.safe_load(path.read_text(encoding="utf-8"))
        fits = {
            "cpu": True,
            "mps": system == "Darwin" and machine == "arm64",
            "cuda": len(gpus) >= profile["devices"] and largest >= 0.9 * profile["memory_gb"],
        }
        if fits[profile["accelerator"]]:
            order = (profile["accelerator"] != "cpu", profile["memory_gb"])
            fitting.append((order, path.stem))
    return [name for _, name in sorted(fitting)]


def check_devices(gpus: list[Gpu]) -> Finding:
    """Which hardware profiles this machine can run."""
    from nsca.verb import config_directory

    profiles = config_directory() / "hardware"
    fitting = profiles_that_fit(gpus, platform.system(), platform.machine(), profiles)
    sizes = [f"{gpu.memory_gib:.0f} GiB" if gpu.memory_gib else "memory unknown" for gpu in gpus]
    named = [f"{gpu.name} ({size})" for gpu, size in zip(gpus, sizes, strict=True)]
    found = ", ".join(named) or "no CUDA GPU"
    return Finding("ok", "devices", f"{found}; hardware= may be {', '.join(fitting)}")


def check_cores(cores: int, memory_gib: float, gpus: list[Gpu]) -> Finding:
    """Enough cores and memory for MuJoCo beside the GPU there is."""
    largest = max((gpu.memory_gib for gpu in gpus), default=0.0)
    want_cores, want_gib, beside = 2, 4, "for the quickstart"
    if largest >= 36:
        want_cores, want_gib, beside = 32, 128, "to keep a data-centre GPU busy with MuJoCo"
    elif largest >= 20:
        want_cores, want_gib, beside = 16, 64, "to keep a 24 GB GPU busy with MuJoCo"
    detail = f"{cores} CPU cores, {memory_gib:.0f} GiB of memory"
    # Machines sold with 64 GB report a little less.
    if cores >= want_cores and memory_gib >= 0.9 * want_gib:
        return Finding("ok", "cores", detail)
    advice = f"{want_cores} cores and {want_gib} GB are advised {beside}; generate data beforehand"
    return Finding("warn", "cores", detail, advice)


def check_disk(place: Path, free_gib: float) -> Finding:
    """Room for outputs: 10,000 interactions with pictures take 0.2 GB."""
    detail = f"{free_gib:.0f} GiB free at {place}"
    if free_gib >= 10:
        return Finding("ok", "disk", detail)
    remedy = "free some space, or write elsewhere: outputs=/another/disk"
    return Finding("warn" if free_gib >= 1 else "missing", "disk", detail, remedy)


def check_codecs() -> Finding:
    """The encoders of a preview's film; PyAV brings them, no ffmpeg program is needed."""
    try:
        import av.codec
    except ImportError as reason:
        return Finding("missing", "codecs", f"PyAV does not import: {reason}", SETUP)
    wanted = ("libx264", "aac")
    absent = [name for name in wanted if name not in av.codec.codecs_available]
    if absent:
        return Finding(
            "warn", "codecs", f"PyAV lacks {', '.join(absent)}", f"its own wheel has them: {SETUP}"
        )
    return Finding(
        "ok", "codecs", f"PyAV {importlib.metadata.version('av')} with {', '.join(wanted)}"
    )


def check_gl() -> Finding:
    """Whether pictures can be drawn without a screen."""
    from nsca.worlds.gl import choose_backend

    found = choose_backend()
    if found.backend is not None:
        return Finding("ok", "GL", f"{found.backend} draws")
    cause, _, remedy = found.notice.partition("; on Debian")
    return Finding(
        "warn", "GL", f"{cause}: no pictures, state-only generation works", "on Debian" + remedy
    )


def check_git() -> Finding:
    """Run cards name the commit."""
    if shutil.which("git"):
        return Finding("ok", "git", "run cards name the commit")
    return Finding("warn", "git", "not found: run cards cannot name the commit", "install git")


def memory_here_gib() -> float:
    """The machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB


def examine(place: Path, lock: Path) -> Iterator[Finding]:
    """Every check, in the order of the report."""
    gpus = nvidia_gpus()
    yield check_python()
    yield from check_packages()
    yield check_lock(lock)
    yield check_torch_pair()
    yield check_devices(gpus)
    yield check_cores(available_cores(), memory_here_gib(), gpus)
    yield check_disk(place, shutil.disk_usage(place).free / GIB)
    yield check_gl()
    yield check_codecs()
    yield check_git()
