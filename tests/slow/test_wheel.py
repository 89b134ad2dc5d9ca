"""What is built is whole: the wheel works on its own, with its configuration inside."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_wheel_brings_its_configuration(project: Path, tmp_path: Path):
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=project, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    expected = {path.relative_to(project) for path in (project / "conf").rglob("*.yaml")}
    packed = {
        path.relative_to(installed / "nsca") for path in installed.rglob("nsca/conf/**/*.yaml")
    }
    assert packed == expected
    assert len(packed) >= 8

    code = "from nsca.verb import compose, config_directory as c; compose('train', []); print(c())"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(installed), "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert Path(ended.stdout.strip()) == installed / "nsca" / "conf"
