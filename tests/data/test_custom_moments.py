"""Moments of recordings without time: by number, by class, and dealt out at random."""

from pathlib import Path

import numpy as np
import pytest

from nsca.data.custom_moments import Recorded, body_readings, moments_of, one_window
from nsca.errors import UserError

CODES = np.array([0, 0, 1, 1])
LOUD = np.array([[50, 60], [900, 0], [100, 100], [300, 400]], np.int16)


def recorded() -> dict[str, Recorded]:
    """Samples 0, 2 and 3 have pictures, 0 to 2 sounds; sample 1 has two pieces of sound."""
    return {
        "vision": Recorded(np.array([10, 12, 13]), np.array([0, 2, 3])),
        "audio": Recorded(LOUD, np.array([0, 1, 1, 2])),
    }


def test_by_number_a_sample_is_a_moment_that_may_lack_senses():
    moments, samples = moments_of(recorded(), CODES, "number")
    assert samples.tolist() == [0, 1, 2, 3]
    assert moments.belongs.tolist() == [0, 1, 2, 3]
    assert moments.there().tolist() == [
        [True, True, False],
        [False, True, False],
        [True, True, False],
        [True, False, False],
    ]
    assert moments.stored["vision"].rows(np.array([0, 2, 3])).tolist() == [10, 12, 13]
    assert moments.stored["audio"].rows(np.array([1])).tolist() == [[900, 0]]
    assert not moments.apart
    assert moments.action is moments.physical is None
    assert not moments.has_next().any()


def test_by_label_a_file_is_a_moment_and_a_class_belongs_together():
    moments, samples = moments_of(recorded(), CODES, "label")
    assert samples.tolist() == [0, 2, 3, 0, 1, 2]
    assert moments.belongs.tolist() == [0, 1, 1, 0, 0, 1]
    assert (moments.there().sum(axis=1) == 1).all()
    assert moments.stored["vision"].rows(np.array([0, 1, 2])).tolist() == [10, 12, 13]
    assert moments.stored["audio"].rows(np.array([3, 4, 5]))[:, 0].tolist() == [50, 900, 300]
    assert moments.apart


def test_shuffled_classes_say_nothing_of_the_files():
    many = np.arange(400) % 10
    everything = np.arange(400)
    rows = {
        "vision": Recorded(everything, everything),
        "audio": Recorded(np.full((400, 2), 99, np.int16), everything),
    }
    true, samples = moments_of(rows, many, "label")
    mixed, same = moments_of(rows, many, "shuffled")
    assert (samples == same).all()
    assert np.bincount(mixed.belongs).tolist() == [80] * 10
    assert (mixed.belongs == true.belongs).mean() == pytest.approx(0.1, abs=0.05)
    assert (moments_of(rows, many, "shuffled")[0].belongs == mixed.belongs).all()


def test_silence_is_a_missing_sense():
    quiet = recorded() | {"audio": Recorded(LOUD[[0, 0]] * 0, np.array([0, 1]))}
    moments, _ = moments_of(quiet, CODES, "number")
    assert not moments.there()[:, 1].any()


def test_of_a_long_sound_the_loudest_piece_is_taken():
    pieces = one_window(Recorded(LOUD, np.array([0, 1, 1, 2])))
    assert pieces.rows.tolist() == [[50, 60], [900, 0], [300, 400]]
    assert pieces.sample.tolist() == [0, 1, 2]
    alike = one_window(Recorded(np.array([[3, 0], [0, 3]], np.int16), np.array([5, 5])))
    assert alike.rows.tolist() == [[3, 0]]


def saved(folder: Path, **arrays: np.ndarray) -> list[Path]:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return [folder / f"{name}.npy" for name in arrays]


def test_a_stream_is_its_mean_however_long_it_is(tmp_path):
    paths = saved(
        tmp_path,
        one=np.array([1.0, 2.0]),
        short=np.array([[1.0, 0.0], [3.0, 0.0]]),
        long=np.arange(200).reshape(100, 2),
    )
    found = body_readings(paths)
    assert found.dtype == np.float32
    assert found.tolist() == [[1, 2], [2, 0], [99, 100]]


@pytest.mark.parametrize(
    ("array", "cause", "remedy"),
    [
        (np.array([[1.0, np.nan]]), "second.npy: holds values that are not finite", "delete it"),
        (np.array([np.inf, 1.0]), "second.npy: holds values that are not finite", "delete it"),
        (np.array(["a", "b"]), "second.npy: holds <U1 values, not numbers", "delete it"),
        (np.zeros((0, 2)), "shape (0, 2), where one reading is (numbers,)", "delete it"),
        (np.zeros((2, 2, 2)), "shape (2, 2, 2), where one reading is (numbers,)", "delete it"),
        (np.array([1e300, 1.0]), "second.npy: holds values too large for single", "delete it"),
        (np.zeros(7), "second.npy has 7 numbers a reading, ", "any length"),
    ],
)
def test_readings_that_cannot_be_used_are_refused_by_name(tmp_path, array, cause, remedy):
    paths = saved(tmp_path, first=np.array([1.0, 2.0]), second=array)
    with pytest.raises(UserError) as refusal:
        body_readings(paths)
    assert cause in refusal.value.cause
    assert remedy in refusal.value.remedy
