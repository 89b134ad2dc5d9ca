"""One line per finding; the exit code tells whether something essential is missing."""

import subprocess
import sys

import pytest

from nsca import doctor
from nsca.machine import Finding


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    found = [Finding("ok", "Python", "3.11"), Finding("warn", "GL", "none", "install it")]
    monkeypatch.setattr(doctor, "examine", lambda *_: found)
    return found


def test_warnings_are_no_failure(findings: list[Finding], capsys: pytest.CaptureFixture):
    assert doctor.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["ok", "Python", "3.11"]
    assert lines[2].split() == ["fix:", "install", "it"]


def test_something_missing_is(findings: list[Finding], capsys: pytest.CaptureFixture):
    findings.append(Finding("missing", "torch", "not installed", "make setup"))
    assert doctor.main(["--quiet"]) == 1
    assert capsys.readouterr().out == ""


def test_gl_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "check_gl", lambda: Finding("ok", "GL", "egl draws"))
    assert doctor.main(["--gl"]) == 0
    monkeypatch.setattr(doctor, "check_gl", lambda: Finding("warn", "GL", "none", "install it"))
    assert doctor.main(["--gl"]) == 1


def test_nothing_heavy_is_imported():
    code = (
        "import sys; from nsca.doctor import main; main([]); "
        "print(sorted({'torch', 'mujoco', 'lightning', 'timm'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"
