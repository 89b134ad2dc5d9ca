"""What holds for every test: checked shapes, no network, one thread, an empty directory."""

import importlib.util
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_CACHES = tempfile.TemporaryDirectory(prefix="nsca-tests-")

# Set before anything heavy is imported, and inherited by the processes that tests start.
for name in _THREADS:
    os.environ.setdefault(name, "1")
os.environ.update(
    HF_HOME=_CACHES.name,
    HF_HUB_OFFLINE="1",
    HF_DATASETS_OFFLINE="1",
    MPLBACKEND="Agg",
    WANDB_MODE="offline",
)

from jaxtyping import install_import_hook  # noqa: E402  (after the environment is set)

install_import_hook("nsca", "type_checker.checked")

from nsca.notice import notice  # noqa: E402  (after the hook)

_LOOPBACK = {"localhost", "127.0.0.1", "::1", "", None}


class NetworkUseError(RuntimeError):
    """A test tried to leave this machine."""


def _check_host(host: object) -> None:
    if isinstance(host, bytes):
        host = host.decode()
    if host not in _LOOPBACK:
        raise NetworkUseError(f"tests have no network, but one wanted to reach {host!r}")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection to another host raises; pipes and loopback stay open."""
    look_up = socket.getaddrinfo

    def guard(connect):
        def guarded(self, address):
            if self.family in (socket.AF_INET, socket.AF_INET6):
                _check_host(address[0])
            return connect(self, address)

        return guarded

    def guarded_look_up(host, *args, **kwargs):
        _check_host(host)
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guard(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guard(socket.socket.connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tests run in an empty directory: `outputs/` lands there, nothing leans on the project's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def notices_anew() -> None:
    """Whatever was said in the test before."""
    notice.cache_clear()


@pytest.fixture
def out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a Meta-World simulator nor its expert can be made or used, with our code or past it:
    EnvPool makes no pool, MuJoCo no step, and metaworld's policies say nothing.
    """
    import mujoco
    from metaworld import policies
    from mujoco import rollout

    from nsca.worlds.metaworld import backends, env, experts

    def forbidden(*args: object, **kwargs: object) -> None:
        raise AssertionError("simulator and expert are out of reach")

    if importlib.util.find_spec("envpool"):
        import envpool

        for name in ("make", "make_gym", "make_gymnasium", "make_dm", "make_spec"):
            monkeypatch.setattr(envpool, name, forbidden)
    monkeypatch.setattr(rollout, "rollout", forbidden)
    monkeypatch.setattr(rollout.Rollout, "__init__", forbidden)
    for name in ("mj_step", "mj_step1", "mj_step2", "mj_forward"):
        monkeypatch.setattr(mujoco, name, forbidden)
    for policy in policies.ENV_POLICY_MAP.values():
        monkeypatch.setattr(policy, "get_action", forbidden)
    for kind in (env.MetaWorldEnvs, backends.EnvPoolBackend, backends.MetaworldBackend):
        for name in ("__init__", "reset", "step"):
            monkeypatch.setattr(kind, name, forbidden)
    monkeypatch.setattr(experts.Expert, "__init__", forbidden)
    monkeypatch.setattr(experts.Expert, "__call__", forbidden)


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's root directory."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def caches_removed() -> Iterator[None]:
    """The caches of this run go with it."""
    yield
    _CACHES.cleanup()
