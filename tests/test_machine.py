"""Each check finds what it is there to find."""

import subprocess
from pathlib import Path

import pytest

from nsca import machine
from nsca.machine import (
    Gpu,
    check_codecs,
    check_cores,
    check_devices,
    check_disk,
    check_gl,
    check_lock,
    check_packages,
    check_python,
    check_torch_pair,
    memory_here_gib,
    nvidia_gpus,
    profiles_that_fit,
)


@pytest.mark.parametrize(
    ("version", "level"),
    [((3, 10), "missing"), ((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "missing")],
)
def test_python_range(version: tuple[int, int], level: str):
    assert check_python(version).level == level


def test_packages_absent_or_out_of_range():
    lines = ["pytest>=1", "pytest<1", "no-such-package-here", 'absent; extra == "wandb"']
    found = [(each.level, each.subject) for each in check_packages(lines)]
    expected = [("missing", "pytest"), ("missing", "no-such-package-here"), ("ok", "packages")]
    assert found == expected


def test_this_environment_is_in_range():
    assert {each.level for each in check_packages()} == {"ok"}


def test_lock_that_differs(tmp_path: Path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("pytest==0.1 \\\n    --hash=sha256:00\nother==3 ; python_version < '3' \\\n")
    finding = check_lock(lock)
    assert finding.level == "warn"
    assert "1 packages differ: pytest" in finding.detail
    assert check_lock(tmp_path / "absent").level == "ok"


def test_torch_and_torchvision_of_different_builds():
    assert check_torch_pair({"torch": "2.11.0+cpu", "torchvision": "0.26.0"}).level == "missing"
    assert check_torch_pair({"torch": "2.11.0", "torchvision": "0.26.0"}).level == "ok"


@pytest.mark.parametrize(
    ("gib", "best"), [(None, "cpu"), (4.0, "cpu"), (7.8, "8gb"), (23.6, "24gb"), (79.6, "a100")]
)
def test_largest_fitting_profile(gib: float | None, best: str, project: Path):
    gpus = [] if gib is None else [Gpu("card", gib)]
    assert profiles_that_fit(gpus, "Linux", "x86_64", project / "conf/hardware")[-1] == best


def answering(monkeypatch: pytest.MonkeyPatch, answer: str | Exception) -> None:
    """Stand in for nvidia-smi."""

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess:
        if isinstance(answer, Exception):
            raise answer
        return subprocess.CompletedProcess(command, 0, stdout=answer)

    monkeypatch.setattr(machine.shutil, "which", lambda _: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(machine.subprocess, "run", run)


@pytest.mark.parametrize(
    "failure", [subprocess.TimeoutExpired("nvidia-smi", 20), OSError("no such device")]
)
def test_a_driver_that_does_not_answer_is_no_gpu(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
):
    answering(monkeypatch, failure)
    assert nvidia_gpus() == []


def test_a_gpu_of_unknown_memory_is_still_named(monkeypatch: pytest.MonkeyPatch):
    answering(monkeypatch, "GB10, [N/A]\nRTX 4090, 24564\n")
    gpus = nvidia_gpus()
    assert [gpu.name for gpu in gpus] == ["GB10", "RTX 4090"]
    assert [round(gpu.memory_gib) for gpu in gpus] == [0, 24]
    assert "GB10 (memory unknown), RTX 4090 (24 GiB)" in check_devices(gpus).detail


def test_apple_silicon_has_mps(project: Path):
    assert profiles_that_fit([], "Darwin", "arm64", project / "conf/hardware") == ["cpu", "mps"]


def test_a_node_profile_wants_all_its_devices(tmp_path: Path):
    (tmp_path / "a100x8.yaml").write_text("accelerator: cuda\ndevices: 8\nmemory_gb: 40\n")
    assert profiles_that_fit([Gpu("card", 80.0)], "Linux", "x86_64", tmp_path) == []
    assert profiles_that_fit([Gpu("card", 80.0)] * 8, "Linux", "x86_64", tmp_path) == ["a100x8"]


@pytest.mark.parametrize(
    ("cores", "memory_gib", "gpu_gib", "level"),
    [
        (2, 16, 0, "ok"),
        (1, 16, 0, "warn"),
        (2, 3.8, 0, "ok"),  # sold as 4 GB
        (2, 2, 0, "warn"),
        (8, 62, 23.6, "warn"),
        (16, 62, 23.6, "ok"),
        (16, 62, 80, "warn"),
    ],
)
def test_advice_for_mujoco(cores: int, memory_gib: float, gpu_gib: float, level: str):
    gpus = [Gpu("card", gpu_gib)] if gpu_gib else []
    assert check_cores(cores, memory_gib, gpus).level == level


def test_disk_levels():
    levels = [check_disk(Path("/"), gib).level for gib in (100.0, 5.0, 0.2)]
    assert levels == ["ok", "warn", "missing"]


def test_codecs_come_with_the_packages():
    assert check_codecs().level == "ok"


def test_no_gl_is_a_warning_with_the_package(monkeypatch: pytest.MonkeyPatch):
    from nsca.worlds import gl

    monkeypatch.setattr(gl, "choose_backend", lambda: gl.GlProbe(None, {"egl": "no library"}))
    finding = check_gl()
    assert finding.level == "warn"
    assert "libegl1" in finding.remedy
    assert "egl: no library" in finding.detail


def test_this_machine_has_memory():
    assert memory_here_gib() > 0.5
