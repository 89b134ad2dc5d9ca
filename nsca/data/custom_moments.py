"""Moments of numbered recordings (`nsca.data.custom_folder`), which have no time and no action.

Which senses belong together, `data.pairing` says:

- `number`: what has one number in one class folder was recorded together and is one moment.
- `label`: every file is a moment of its own, and all files of a class belong together although they
  were recorded apart. The state of several senses needs several, so a moment is given the senses
  that it lacks by others of its class (`Moments.partners`), anew at every step of training: 120
  pictures and 150 sounds of a class are 18,000 pairs, and no picture is bound to one sound.
- `shuffled`: as `label`, but in the training part classes are dealt out to the files at random:
  the control, from which nothing can be learned about held-out files.

A sound gives one window, the loudest of its pieces (`load_sounds`): a recording may begin in
silence. A body reading is a list of numbers, or a stream of them with a row for each, of which
the mean is taken: streams may be of any length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int, Int64, Shaped

from nsca.data.media import BrokenFileError, read_array
from nsca.data.moments import InMemory, Moments, Picked, audible
from nsca.errors import UserError

PAIRINGS = ("number", "label", "shuffled")


@dataclass(frozen=True)
class Recorded:
    """What was recorded of one sense.

    Attributes:
        rows: as the sense's encoder takes them.
        sample: number of the sample that each row is of, ascending.
    """

    rows: Shaped[np.ndarray, "row ..."]
    sample: Int64[np.ndarray, " row"]


def moments_of(
    recorded: Mapping[str, Recorded], codes: Int[np.ndarray, " sample"], pairing: str
) -> tuple[Moments, Int64[np.ndarray, " moment"]]:
    """Return moments, and which sample each of them is of.

    Args:
        recorded: by the name of the sense.
        codes: number of each sample's class.
        pairing: one of `PAIRINGS`, see above.
    """
    single = {
        sense: one_window(each) if sense == "audio" else each for sense, each in recorded.items()
    }
    if pairing == "number":
        samples = np.arange(len(codes))
        belongs = samples
        places = {sense: _places(each.sample, samples) for sense, each in single.items()}
    else:
        samples = np.concatenate([each.sample for each in single.values()])
        belongs = codes[samples]
        if pairing == "shuffled":
            belongs = np.random.default_rng(0).permutation(belongs)
        places, first = {}, 0
        for sense, each in single.items():
            places[sense] = np.full(len(samples), -1)
            places[sense][first : first + len(each.sample)] = np.arange(len(each.sample))
            first += len(each.sample)
    stored = {
        sense: Picked(InMemory(each.rows), np.maximum(places[sense], 0))
        for sense, each in single.items()
    }
    present = {sense: place >= 0 for sense, place in places.items()}
    if "audio" in stored:
        present["audio"] &= audible(stored["audio"])
    moments = Moments(
        clip=np.arange(len(samples)),
        belongs=belongs,
        stored=stored,
        present=present,
        action=None,
        physical=None,
        apart=pairing != "number",
    )
    return moments, samples


def one_window(sounds: Recorded) -> Recorded:
    """Return the loudest piece of each sample, by its energy; the first of equals."""
    energy = np.square(sounds.rows.astype(np.float64)).sum(axis=1)
    order = np.lexsort((-energy, sounds.sample))
    _, firsts = np.unique(sounds.sample[order], return_index=True)
    chosen = order[firsts]
    return Recorded(sounds.rows[chosen], sounds.sample[chosen])


def body_readings(paths: Sequence[Path]) -> Float32[np.ndarray, "file number"]:
    """Return the mean reading of each file.

    Raises:
        UserError: a file that `mean_reading` refuses, or that has readings of another width than
            the first one.
    """
    found: list[np.ndarray] = []
    for path in paths:
        try:
            reading = mean_reading(path)
        except BrokenFileError as broken:
            raise UserError(
                str(broken), "mend or delete it: without it the sample keeps its other senses"
            ) from broken
        if found and len(reading) != len(found[0]):
            raise UserError(
                f"{path} has {len(reading)} numbers a reading, {paths[0]} has {len(found[0])}",
                "give every reading the same numbers; a stream may be of any length, but its shape "
                "is (readings, numbers)",
            )
        found.append(reading)
    return np.stack(found)


def mean_reading(path: Path) -> Float32[np.ndarray, " number"]:
    """Return the mean of a file's readings.

    Raises:
        BrokenFileError: it cannot be read, is neither (numbers,) nor (readings, numbers), holds no
            reading, or a mean that is not finite in single precision.
    """
    array = read_array(path)
    if array.size == 0 or array.ndim > 2:
        raise BrokenFileError(
            path,
            f"has the shape {array.shape}, where one reading is (numbers,) and a stream "
            "(readings, numbers)",
        )
    with np.errstate(over="ignore"):  # looked for below
        reading = np.atleast_2d(array).mean(axis=0, dtype=np.float64).astype(np.float32)
    if not np.isfinite(reading).all():
        raise BrokenFileError(path, "holds values too large for single precision")
    return reading


def _places(
    having: Int64[np.ndarray, " row"], samples: Int64[np.ndarray, " sample"]
) -> Int64[np.ndarray, " sample"]:
    """The row of each sample, -1 where it has none."""
    places = np.full(len(samples), -1)
    places[having] = np.arange(len(having))
    return places
