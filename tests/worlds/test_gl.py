"""Probing GL backends: what draws is taken, what does not is named, and nothing hangs or aborts."""

import os
import subprocess
import sys

import pytest

from nsca.errors import UserError
from nsca.worlds import gl


@pytest.fixture(autouse=True)
def _fresh_probe(monkeypatch: pytest.MonkeyPatch):
    gl.probe.cache_clear()
    monkeypatch.setenv("MUJOCO_GL", os.environ.get("MUJOCO_GL", ""))
    yield
    gl.probe.cache_clear()


def test_the_first_backend_that_draws_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "")
    monkeypatch.setattr(gl, "candidates", lambda: ("first", "second", "third"))
    monkeypatch.setattr(gl, "probe_backend", lambda name: "broken" if name == "first" else None)
    found = gl.choose_backend()
    assert found.backend == "second"
    assert found.failures == {"first": "broken"}
    assert os.environ["MUJOCO_GL"] == "second"


def test_without_any_the_error_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gl, "probe_backend", lambda _: "no such library")
    with pytest.raises(UserError) as failure:
        gl.require_backend()
    assert "no such library" in failure.value.cause
    assert "libegl1 libgl1-mesa-dri" in failure.value.remedy
    assert "libosmesa6" in failure.value.remedy


def test_the_users_own_choice_is_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    assert gl.candidates()[0] == "osmesa"
    monkeypatch.setenv("MUJOCO_GL", "off")
    assert gl.probe().backend is None


def test_a_backend_that_cannot_work_is_reported_in_one_line() -> None:
    reason = gl.probe_backend("no_such_backend")
    assert reason is not None
    assert "no_such_backend" in reason
    assert "\n" not in reason


def test_a_hanging_driver_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gl, "_PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr(gl, "PROBE_TIMEOUT_S", 0.2)
    assert "no answer" in (gl.probe_backend("egl") or "")


def test_a_driver_that_aborts_the_process_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gl, "_PROBE", "import os; os.abort()")
    assert "exit status" in (gl.probe_backend("egl") or "")


def test_probing_does_not_import_mujoco_here() -> None:
    code = "import sys, nsca.worlds.gl; raise SystemExit('mujoco' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
