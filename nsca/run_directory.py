"""Run directories: the unit of record, claimed so that two runs never share one.

A directory is claimed by `mkdir`, which only one process can win, and held by a `flock` on
`run.lock`, which the kernel releases however the process dies. Unsure: on network filesystems
without flock a second process is not noticed.
"""

import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Self

from omegaconf import DictConfig, OmegaConf

from nsca.errors import UserError
from nsca.run_card import RunCard, load_run_card, write_atomically

LOCK = "run.lock"
CONFIG = "config.yaml"


class RunDirectory:
    """A directory held by this process until `release` or its end.

    Args:
        path: of the directory, which exists.
        lock: its open, locked `run.lock`.
    """

    def __init__(self, path: Path, lock: IO[str]) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def claim(cls, root: Path, name: str) -> Self:
        """Make and hold `<root>/<name>/<UTC time>-<n>`, a directory that nobody else has.

        Raises:
            UserError: the place cannot be written.
        """
        parent = Path(root) / name
        stamp = datetime.now(UTC).strftime("%Y-%m-%d_%H-%M-%S")
        number = 0
        while True:
            path = parent / f"{stamp}-{number:03d}"
            try:
                parent.mkdir(parents=True, exist_ok=True)
                path.mkdir()
            except FileExistsError:
                if not parent.is_dir():
                    raise UserError(f"{parent} is a file", "outputs=<another folder>") from None
                number += 1
                continue
            except OSError as error:
                raise UserError(
                    f"{parent} cannot be written: {error.strerror}",
                    "outputs=<folder you may write to>",
                ) from error
            return cls._hold(path)

    @classmethod
    def reopen(cls, path: Path) -> Self:
        """Hold an existing run directory.

        Raises:
            UserError: there is none, or another process holds it.
        """
        path = Path(path)
        if not (path / CONFIG).is_file():
            raise UserError(
                f"{path} is not a run directory", "give a folder that holds config.yaml"
            )
        return cls._hold(path)

    @classmethod
    def at(cls, path: Path) -> Self:
        """Make and hold a directory with a name of its own, or hold the one that is there.

        Raises:
            UserError: another process holds it, or the place cannot be written.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{path} cannot be written: {error.strerror}", "outputs=<folder you may write to>"
            ) from error
        return cls._hold(path, "wait for it")

    @property
    def lock_number(self) -> int:
        """File descriptor of the lock: a child that inherits it holds the directory, too."""
        return self._lock.fileno()

    @classmethod
    def _hold(cls, path: Path, remedy: str = "wait for it, or start without resume") -> Self:
        # Held open for the life of the object: closing the file releases the lock.
        lock = open(path / LOCK, "a", encoding="utf-8")  # noqa: SIM115
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise UserError(f"another process is running in {path}", remedy) from None
        return cls(path, lock)

    def release(self) -> None:
        """Let go of the directory; later calls do nothing."""
        self._lock.close()

    def write_config(self, cfg: DictConfig) -> None:
        """Write the resolved configuration to `config.yaml`."""
        text = OmegaConf.to_yaml(cfg, resolve=True)
        write_atomically(self.path / CONFIG, text.encode())

    def card(
        self,
        verb: str,
        seed: int,
        *,
        config_fingerprint: str = "",
        data_fingerprint: str = "",
    ) -> RunCard:
        """Return the run card, to be used as `with run.card("train", cfg.seed) as card:`.

        See RunCard for what it records and when.
        """
        return RunCard(
            self.path,
            verb=verb,
            seed=seed,
            config_fingerprint=config_fingerprint,
            data_fingerprint=data_fingerprint,
        )


def is_held(path: Path) -> bool:
    """Whether some process holds this run directory."""
    lock_file = path / LOCK
    if not lock_file.is_file():
        return False
    with open(lock_file, encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def runs_like(
    parent: Path, config_fingerprint: str, data_fingerprint: str
) -> Iterator[tuple[Path, str]]:
    """Yield (directory, status) of the runs of a configuration on the same data.

    Newest first; held ones are left out.
    """
    if not parent.is_dir():
        return
    for path in sorted(parent.iterdir(), key=lambda p: p.name, reverse=True):
        if not (path / "run.json").is_file() or is_held(path):
            continue
        card = load_run_card(path)
        fingerprints = card.get("config_fingerprint"), card.get("data_fingerprint")
        if fingerprints == (config_fingerprint, data_fingerprint):
            yield path, str(card.get("status"))


def available_bytes(path: Path) -> int:
    """Free space on the volume of a path that may not exist yet."""
    place = path.absolute()
    while not place.exists():
        place = place.parent
    stats = os.statvfs(place)
    return stats.f_bavail * stats.f_frsize
