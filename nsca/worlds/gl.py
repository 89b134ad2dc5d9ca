"""Which GL backend can draw here: probed in a subprocess, because a failing driver may abort.

MuJoCo reads MUJOCO_GL when it is imported and when its first context is made, so `choose_backend`
comes before both. Which of egl and osmesa works varies by machine and version: only a picture
proves it.
"""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache

from nsca.errors import UserError

PROBE_TIMEOUT_S = 60.0
PACKAGES = {"egl": "libegl1 libgl1-mesa-dri", "osmesa": "libosmesa6"}

# A red wall must come out red; a driver that draws nothing leaves black.
_PROBE = """
import os, sys
try:
    import mujoco
    model = mujoco.MjModel.from_xml_string(
        "<mujoco><visual><headlight ambient='1 1 1'/></visual><worldbody>"
        "<geom type='sphere' size='9' rgba='1 0 0 1' pos='0 0 -10'/>"
        "<camera name='eye' pos='0 0 1'/></worldbody></mujoco>"
    )
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    renderer = mujoco.Renderer(model, 16, 16)
    renderer.update_scene(data, "eye")
    red = int(renderer.render()[8, 8, 0])
    reason = None if red > 100 else f"drew {red} where red was expected"
except BaseException as error:
    reason = f"{type(error).__name__}: {error}"
if reason is not None:
    print("reason:", " ".join(reason.split()), file=sys.stderr, flush=True)
os._exit(0 if reason is None else 1)  # half-made contexts complain when they are destroyed
"""


@dataclass(frozen=True)
class GlProbe:
    """What was found: the backend that draws (None: none does) and why the others do not."""

    backend: str | None
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def notice(self) -> str:
        """One paragraph for the user: what is missing and what to install."""
        tried = "; ".join(f"{backend}: {why}" for backend, why in self.failures.items())
        return (
            f"no GL backend can draw here ({tried or 'none tried'}); on Debian or Ubuntu install "
            f"{PACKAGES['egl']} (MUJOCO_GL=egl) or {PACKAGES['osmesa']} (MUJOCO_GL=osmesa)"
        )


def candidates() -> tuple[str, ...]:
    """Backends worth trying on this system, the user's own MUJOCO_GL first."""
    if sys.platform == "linux":
        usual: tuple[str, ...] = ("egl", "osmesa", "glfw")
    else:
        usual = ("cgl",) if sys.platform == "darwin" else ("glfw",)
    wanted = os.environ.get("MUJOCO_GL", "").strip().lower()
    if wanted in ("disable", "disabled", "off", "false", "0"):
        return ()
    return tuple(dict.fromkeys((wanted, *usual))) if wanted else usual


def probe_backend(backend: str) -> str | None:
    """Draws one small picture in a subprocess; None if that works, else the reason in one line."""
    environment = {**os.environ, "MUJOCO_GL": backend}
    environment.pop("PYOPENGL_PLATFORM", None)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {PROBE_TIMEOUT_S:.0f} s"
    if done.returncode == 0:
        return None
    reasons = [line for line in done.stderr.splitlines() if line.startswith("reason: ")]
    return reasons[-1][8:208] if reasons else f"exit status {done.returncode}"


@cache
def probe() -> GlProbe:
    """Tries the candidates in order, once per process."""
    failures = {}
    for backend in candidates():
        reason = probe_backend(backend)
        if reason is None:
            return GlProbe(backend, failures)
        failures[backend] = reason
    return GlProbe(None, failures)


def choose_backend() -> GlProbe:
    """Probes and sets MUJOCO_GL for this process and its children; call before importing mujoco."""
    found = probe()
    if found.backend is not None:
        os.environ["MUJOCO_GL"] = found.backend
    return found


def require_backend() -> str:
    """The backend that draws.

    Raises:
        UserError: no backend works; the remedy names the packages.
    """
    found = choose_backend()
    if found.backend is None:
        cause, remedy = found.notice.split("; on Debian", maxsplit=1)
        raise UserError(cause, "on Debian" + remedy)
    return found.backend
