"""Recorded drives as moments: how the car moves, what its body feels, how it is steered.

A moment is a frame of 50 ms. The physical state is the car's place and velocity (m, m/s: x ahead
and y to the left of where a stretch begins, z up), the body's sense acceleration and turning, and
what is done the angle of the steering wheel. How hard the driver brakes or speeds up was not
recorded; the speeds of the wheels are the state itself, not something done. There are no pictures.

Every drive is cut into stretches, a little left out between them. Of `folds` stretches in a row the
last is in test and the one before it in val; with another `fold` other ones are. A window never
leaves its stretch, so that no moment that is trained on is in a held-out window. With stretches of
a quarter of the drive it is learned from the first half and judged on the last quarter; shorter
ones ask less: other moments of the same traffic.
"""

import logging
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from nsca.data.driving_recording import Drive, files_of, find_recordings, read_drive
from nsca.data.file_selection import fingerprint_of
from nsca.data.folders import check_share_ranges, existing_folder, some, visible
from nsca.data.moments import InMemory, Moments
from nsca.data.source import ProbeLabel, Split
from nsca.errors import UserError

STEERING = ("told", "shuffled", "none")
FEWEST_FOLDS = 3

_log = logging.getLogger(__name__)


class DrivingSignals:
    """Moments of a folder of drives.

    Args:
        path: the folder, see `nsca.data.driving_recording`.
        stretch_s: how long a stretch is.
        gap_s: what is left out at the end of each.
        folds: of so many stretches in a row one is in test and one in val.
        fold: which ones, counted on from the last; any whole number, taken modulo `folds`.
        fraction: share of the training stretches to use, the first ones, in (0, 1].
        steering: told; shuffled among the moments of each part, as a control; none.
        body: whether the body's sense is there.

    Raises:
        UserError: no path, no drive there, a number outside its range or not finite, or no such
            steering.
    """

    name = "driving_signals"

    def __init__(
        self,
        path: str | Path | None,
        stretch_s: float = 5.0,
        gap_s: float = 0.5,
        folds: int = 4,
        fold: int = 0,
        fraction: float = 1.0,
        steering: str = "told",
        body: bool = True,
    ) -> None:
        self.path = existing_folder(path, self.name)
        check_share_ranges(fraction, 0.0)
        if not math.isfinite(stretch_s):
            raise UserError(f"data.stretch_s={stretch_s} is not finite", "data.stretch_s=5")
        if not 0 <= gap_s < stretch_s:
            raise UserError(
                f"data.gap_s={gap_s} is not in [0, data.stretch_s={stretch_s})", "data.gap_s=0.5"
            )
        if folds < FEWEST_FOLDS:
            raise UserError(f"data.folds={folds} leaves nothing to learn from", "data.folds=4")
        if steering not in STEERING:
            raise UserError(f"data.steering={steering}", f"one of {', '.join(STEERING)}")
        self.stretch_s = stretch_s
        self.gap_s = gap_s
        self.folds = folds
        self.fold = fold % folds
        self.fraction = fraction
        self.steering = steering
        self.body = body
        self.recordings = find_recordings(self.path)
        if not self.recordings:
            raise UserError(
                f"data.path={self.path} holds no drive, but {some(visible(self.path))}",
                "put .npz files or folders of comma2k19 there",
            )
        self._drives: list[Drive] | None = None

    @property
    def held_out(self) -> tuple[Split, ...]:
        """Both."""
        return ("val", "test")

    def fingerprint(self) -> str:
        """sha256 over path and content of every file that is read, and how they are cut."""
        how = f"steering {self.steering}, body {'felt' if self.body else 'not felt'}"
        listed = [("drive", how, file) for each in self.recordings for file in files_of(each)]
        sizes = (self.stretch_s, self.gap_s, self.folds, self.fold, self.fraction)
        return fingerprint_of(listed, self.path, *sizes)

    def drives(self) -> list[Drive]:
        """Every drive, read once; what was left out of them is named in the log.

        Raises:
            UserError: one that cannot be used, or drives whose frames come at different rates.
        """
        if self._drives is None:
            found = []
            for path in self.recordings:
                drive = read_drive(path)
                if drive.ignored:
                    _log.warning("%s: left out %s", path, "; ".join(drive.ignored))
                if found and drive.interval_s != found[0].interval_s:
                    what = _other_rate(
                        path, drive.interval_s, self.recordings[0], found[0].interval_s
                    )
                    raise UserError(what, "keep drives of one rate in a folder")
                found.append(drive)
            self._drives = found
        return self._drives

    def moments(self, split: Split) -> Moments:
        """Every moment of a part; a clip is a stretch, or what a broken recording left of it.

        Raises:
            UserError: see `drives`; stretches are shorter than a frame; none is in the part.
        """
        drives = self.drives()
        parts = list(self._stretches(split))
        if split == "train":
            parts = parts[: max(1, round(self.fraction * len(parts)))]
        if not parts:
            frames = sum(map(len, drives))
            raise UserError(
                f"{self.path}: {frames * drives[0].interval_s:.0f} s of driving in stretches of "
                f"{self.stretch_s:g} s leave none for {split}",
                f"data.stretch_s={self.stretch_s / 2:g}, or longer drives",
            )
        physical = [
            np.concatenate([drive.place[rows] - drive.place[rows[0]], drive.velocity[rows]], axis=1)
            for drive, rows in parts
        ]
        felt = np.concatenate([drive.felt[rows] for drive, rows in parts])
        lengths = [len(rows) for _, rows in parts]
        clip = np.repeat(np.arange(len(parts)), lengths)
        return Moments(
            clip=clip,
            belongs=clip,
            stored={"proprioception": InMemory(np.concatenate([d.body[r] for d, r in parts]))},
            present={"proprioception": felt & self.body},
            action=self._done(np.concatenate([d.steering[r] for d, r in parts]))[:, None],
            physical=np.concatenate(physical).astype(np.float32),
            heading=np.concatenate([d.heading[r] for d, r in parts]).astype(np.float32),
            interval_s=drives[0].interval_s,
        )

    def moment_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """There are none."""
        return {}

    def problems(self) -> list[str]:
        """Read every drive; one line for each that cannot be used or lacks something."""
        found: list[str] = []
        first: tuple[Path, float] | None = None
        for path in self.recordings:
            try:
                drive = read_drive(path)
            except UserError as error:
                found.append(error.cause)
                continue
            found += [f"{path}: {what}" for what in drive.ignored]
            first = first or (path, drive.interval_s)
            if drive.interval_s != first[1]:
                found.append(_other_rate(path, drive.interval_s, *first))
        return found

    def _stretches(self, split: Split) -> Iterator[tuple[Drive, Int64[np.ndarray, " frame"]]]:
        for drive in self.drives():
            length = round(self.stretch_s / drive.interval_s)
            used = length - round(self.gap_s / drive.interval_s)
            if used < 1:
                raise UserError(
                    f"data.stretch_s={self.stretch_s} without data.gap_s={self.gap_s} is not a "
                    f"frame of {drive.interval_s:g} s",
                    f"data.stretch_s={self.gap_s + 100 * drive.interval_s:g}",
                )
            for number, start in enumerate(range(0, len(drive) - used + 1, length)):
                place = (number + self.fold) % self.folds
                if split == {self.folds - 1: "test", self.folds - 2: "val"}.get(place, "train"):
                    rows = np.arange(start, start + used)
                    cuts = np.flatnonzero(np.diff(drive.stretch[rows])) + 1
                    yield from ((drive, piece) for piece in np.split(rows, cuts))

    def _done(self, steering: np.ndarray) -> np.ndarray:
        if self.steering == "none":
            return np.zeros_like(steering)
        if self.steering == "shuffled":
            return np.random.default_rng(0).permutation(steering)
        return steering


def _other_rate(path: Path, interval_s: float, first: Path, first_interval_s: float) -> str:
    return f"{path} has a frame every {interval_s:g} s, {first} every {first_interval_s:g} s"
