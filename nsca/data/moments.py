"""Moments: what every sense has at the same time, with gaps, in clips.

A sense may be missing at a moment: nothing was recorded, or nothing is heard. Missing is said by
`present`; what a missing sense's rows hold means nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, Int, Int16, Int64, Shaped

from nsca.data.source import ProbeLabel, Split
from nsca.models.sense_names import SENSES

THING, WITH_HAND = 6, 13
"""Numbers of a physical state: place and velocity of a thing, and of a hand with its opening."""
SILENT = 33  # of 32,767: 60 dB below full scale, a thousandth
CHUNK = 1000  # windows of sound at once
SPEEDS = slice(3, 6), slice(9, 12)
"""Where a row of physical state has velocities; a hand's beyond its end where there is none."""


@runtime_checkable
class Stored(Protocol):
    """Rows of one sense, one a moment, read when asked for."""

    def __len__(self) -> int: ...

    def rows(self, numbers: Int[np.ndarray, " row"]) -> Shaped[np.ndarray, "row ..."]:
        """Return these rows as the sense's encoder takes them."""
        ...


@dataclass(frozen=True)
class InMemory:
    """Rows that lie in memory as they are."""

    values: Shaped[np.ndarray, "moment ..."]

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, numbers: Int[np.ndarray, " row"]) -> Shaped[np.ndarray, "row ..."]:
        """See `Stored`."""
        return self.values[numbers]


@dataclass(frozen=True)
class Picked:
    """Rows of another store, in another order.

    Attributes:
        store: the other one.
        places: which of its rows each moment has; any one where the sense is missing.
    """

    store: Stored
    places: Int[np.ndarray, " moment"]

    def __len__(self) -> int:
        return len(self.places)

    def rows(self, numbers: Int[np.ndarray, " row"]) -> Shaped[np.ndarray, "row ..."]:
        """See `Stored`."""
        return self.store.rows(self.places[numbers])


@dataclass(frozen=True)
class Heard:
    """What was heard in the time up to each moment; before a sound begins there is silence.

    Attributes:
        sounds: whole ones, 16 bits.
        sound: which one a moment is in.
        until: the first sample that is not heard yet.
        time: samples of a window.
    """

    sounds: Int16[np.ndarray, "sound time"]
    sound: Int[np.ndarray, " moment"]
    until: Int[np.ndarray, " moment"]
    time: int

    def __len__(self) -> int:
        return len(self.sound)

    def rows(self, numbers: Int[np.ndarray, " row"]) -> Int16[np.ndarray, "row window"]:
        """See `Stored`."""
        places = self.until[numbers, None] + np.arange(-self.time, 0)
        heard = self.sounds[self.sound[numbers, None], np.maximum(places, 0)]
        return np.where(places >= 0, heard, np.int16(0))


def audible(heard: Stored) -> Bool[np.ndarray, " moment"]:
    """Whether anything is heard at each moment."""
    starts = range(0, len(heard), CHUNK)
    chunks = [np.arange(start, min(start + CHUNK, len(heard))) for start in starts]
    peaks = [np.abs(heard.rows(chunk).astype(np.int32)).max(axis=1) for chunk in chunks]
    return np.concatenate(peaks) > SILENT


@dataclass(frozen=True)
class Moments:
    """All moments of one split.

    Attributes:
        clip: number of the clip; moments of a clip are adjacent and in time order, equally far
            apart. A moment without time is a clip of its own.
        belongs: senses of moments with the same number belong together: the clip, or the class of
            recordings that are paired by label.
        stored: rows by sense.
        present: whether a moment has the sense, by sense.
        action: what is done from a moment to the next one of its clip; None where nothing is known.
        physical: observable kinematic state in SI units, THING or WITH_HAND numbers; None where
            nothing is known.
        heading: which way the thing faces, rad about the vertical, of one that drives: it matters
            neither where that is nor which way; None where places are what they are, on a table.
        interval_s: between neighbouring moments of a clip; None where there is no time.
        apart: whether senses that belong together were recorded apart: then each moment has one
            sense, and `partners` gives it the others.
        task: the command that is carried out, in a word; None where nothing is known.
    """

    clip: Int[np.ndarray, " moment"]
    belongs: Int[np.ndarray, " moment"]
    stored: Mapping[str, Stored]
    present: Mapping[str, Bool[np.ndarray, " moment"]]
    action: Float32[np.ndarray, "moment number"] | None
    physical: Float32[np.ndarray, "moment quantity"] | None
    heading: Float32[np.ndarray, " moment"] | None = None
    interval_s: float | None = None
    apart: bool = False
    task: Shaped[np.ndarray, " moment"] | None = None

    def __post_init__(self) -> None:
        if self.stored.keys() != self.present.keys() or not self.stored.keys() <= set(SENSES):
            raise ValueError(f"senses {sorted(self.stored)}, presence of {sorted(self.present)}")
        lengths = [len(self.belongs), *map(len, self.stored.values())]
        lengths += [len(there) for there in self.present.values()]
        known = (self.action, self.physical, self.heading, self.task)
        lengths += [len(part) for part in known if part is not None]
        if set(lengths) != {len(self.clip)}:
            raise ValueError(f"{len(self.clip)} moments, but parts of lengths {lengths}")

    def __len__(self) -> int:
        return len(self.clip)

    def there(self) -> Bool[np.ndarray, "moment sense"]:
        """Whether each sense is there, in the order of `SENSES`."""
        nothing = np.zeros(len(self), bool)
        return np.stack([self.present.get(sense, nothing) for sense in SENSES], axis=1)

    def has_next(self) -> Bool[np.ndarray, " moment"]:
        """Whether another moment of the same clip follows."""
        return np.append(self.clip[1:] == self.clip[:-1], False)

    def partners(
        self, numbers: Int[np.ndarray, " row"], rng: np.random.Generator
    ) -> Int64[np.ndarray, "row sense"]:
        """Return which moment each sense of these moments is taken from: from the moment itself,
        but where senses were recorded apart and the moment lacks one, from any moment that it
        belongs together with and that has it.

        Args:
            numbers: of moments.
            rng: draws the partners; nothing is drawn where senses were recorded together.
        """
        sources = np.repeat(numbers[:, None], len(SENSES), axis=1).astype(np.int64)
        if not self.apart:
            return sources
        for place, there in enumerate(self.there().T):
            lacking = np.flatnonzero(~there[numbers])
            asked = self.belongs[numbers[lacking]]
            for number in np.unique(asked):
                having = np.flatnonzero(there & (self.belongs == number))
                rows = lacking[asked == number]
                if len(having):
                    sources[rows, place] = rng.choice(having, len(rows))
        return sources

    def completed(self, seed: int) -> "Moments":
        """Return the moments with all their senses, see `partners`; themselves if none is drawn."""
        if not self.apart:
            return self
        everyone = np.arange(len(self))
        sources = self.partners(everyone, np.random.default_rng(seed))
        place = {sense: sources[:, SENSES.index(sense)] for sense in self.stored}
        return replace(
            self,
            stored={sense: Picked(store, place[sense]) for sense, store in self.stored.items()},
            present={sense: there[place[sense]] for sense, there in self.present.items()},
            apart=False,
        )


@runtime_checkable
class MomentSource(Protocol):
    """A `data=` choice for phases that need several senses at once.

    Attributes:
        name: as in `conf/data/<name>.yaml`.
    """

    name: str

    @property
    def held_out(self) -> tuple[Split, ...]: ...

    def fingerprint(self) -> str:
        """Return the sha256 (hex) of the manifest or the files."""
        ...

    def moments(self, split: Split) -> Moments:
        """Return every moment of a split. Raises UserError where data is missing or malformed."""
        ...

    def moment_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """Return the labels of `moments(split)`, for online probes and benchmarks alone."""
        ...
