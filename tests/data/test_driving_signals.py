"""Drives cut in time: what is judged is never learned from."""

from pathlib import Path

import numpy as np
import pytest
from data.fake_drives import drive_arrays, put_archive

from nsca.data.driving_recording import POSE
from nsca.data.driving_signals import DrivingSignals
from nsca.data.moments import MomentSource
from nsca.errors import UserError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("drives")
    put_archive(path / "a.npz", drive_arrays())
    return path


def speeds(source: DrivingSignals, split: str) -> np.ndarray:
    """Of this drive, they tell the time."""
    return np.linalg.norm(source.moments(split).physical[:, 3:], axis=1) - 10


def test_parts_are_stretches_apart(folder: Path) -> None:
    source = DrivingSignals(folder)
    assert isinstance(source, MomentSource)
    found = {split: speeds(source, split) for split in ("train", "val", "test")}
    assert {split: len(each) for split, each in found.items()} == {
        "train": 6 * 90,
        "val": 3 * 90,
        "test": 3 * 90,
    }
    everything = np.sort(np.concatenate(list(found.values())))
    assert len(np.unique(everything.round(2))) == 12 * 90
    for split in ("val", "test"):
        apart = np.abs(found[split][:, None] - found["train"][None]).min(axis=1)
        assert apart.min() > 0.04
    assert (np.diff(everything) > 0.5).sum() == 11, "half a second is left out between stretches"


def test_a_quarter_of_the_drive_is_learned_first_and_judged_last(folder: Path) -> None:
    source = DrivingSignals(folder, stretch_s=15)
    assert speeds(source, "train").max() < 30
    assert 30 - 0.1 < speeds(source, "val").min() < speeds(source, "val").max() < 45
    assert speeds(source, "test").min() > 45 - 0.1


def test_every_stretch_is_tested_in_one_fold(folder: Path) -> None:
    tested = [speeds(DrivingSignals(folder, fold=fold), "test") for fold in range(4)]
    assert len(np.unique(np.concatenate(tested).round(2))) == 12 * 90
    again = DrivingSignals(folder, fold=6)
    np.testing.assert_array_equal(speeds(again, "test"), tested[2])
    prints = {DrivingSignals(folder, fold=fold).fingerprint() for fold in range(5)}
    assert len(prints) == 4


def test_moments_of_a_stretch(folder: Path) -> None:
    moments = DrivingSignals(folder).moments("val")
    assert moments.interval_s == 0.05
    assert np.unique(moments.clip).tolist() == [0, 1, 2]
    assert moments.physical.shape == (270, 6)
    assert np.abs(moments.physical[[0, 90, 180], :3]).max() == 0, "each begins at its own origin"
    assert moments.present["proprioception"].all()
    assert moments.heading.shape == (270,)
    assert moments.action.shape == (270, 1)


def test_steering_told_shuffled_and_none(folder: Path) -> None:
    told, shuffled, none = (
        DrivingSignals(folder, steering=name).moments("train").action
        for name in ("told", "shuffled", "none")
    )
    assert not np.array_equal(told, shuffled)
    np.testing.assert_array_equal(np.sort(told, axis=0), np.sort(shuffled, axis=0))
    assert not none.any()


def test_the_body_may_feel_nothing(folder: Path) -> None:
    assert DrivingSignals(folder).moments("val").there().any()
    numb = DrivingSignals(folder, body=False)
    assert not numb.moments("val").there().any()
    assert numb.fingerprint() != DrivingSignals(folder).fingerprint()


def test_a_fraction_of_training_is_its_first_stretches(folder: Path) -> None:
    whole, part = DrivingSignals(folder), DrivingSignals(folder, fraction=0.34)
    assert len(part.moments("train")) == 2 * 90
    assert len(part.moments("test")) == len(whole.moments("test"))


def test_a_gap_in_the_recording_ends_a_clip(tmp_path: Path, caplog) -> None:
    arrays = drive_arrays()
    arrays[POSE["positions"]][20] = np.nan
    put_archive(tmp_path / "a.npz", arrays)
    source = DrivingSignals(tmp_path)
    counts = np.bincount(source.moments("train").clip)
    assert counts.tolist()[:3] == [20, 70, 90]
    assert "left out 1 of 1200 poses" in caplog.text
    assert source.problems() == [
        f"{tmp_path / 'a.npz'}: 1 of 1200 poses that are not finite",
    ]


def test_bad_settings_and_folders_are_named(folder: Path, tmp_path: Path) -> None:
    for match, settings in {
        "gap_s=5.0 is not in": {"gap_s": 5.0},
        "stretch_s=inf is not finite": {"stretch_s": np.inf},
        "stretch_s=nan is not finite": {"stretch_s": np.nan},
        "gap_s=nan is not in": {"gap_s": np.nan},
        "folds=2 leaves nothing": {"folds": 2},
        "steering=automatic": {"steering": "automatic"},
        "fraction=0": {"fraction": 0},
    }.items():
        with pytest.raises(UserError, match=match):
            DrivingSignals(folder, **settings)
    for stretch_s, gap_s in ((0.5, 0.49), (0.02, 0.0)):
        with pytest.raises(UserError, match=r"is not a frame of 0\.05 s"):
            DrivingSignals(folder, stretch_s=stretch_s, gap_s=gap_s).moments("train")
    with pytest.raises(UserError, match="needs a folder"):
        DrivingSignals(None)
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(UserError, match=r"holds no drive, but photo.jpg"):
        DrivingSignals(tmp_path)
    with pytest.raises(UserError, match="stretches of 30 s leave none for test"):
        DrivingSignals(folder, stretch_s=30).moments("test")
    slow = drive_arrays(5)
    slow[POSE["times"]] = 100 + 0.1 * np.arange(100)
    put_archive(tmp_path / "a.npz", drive_arrays(5))
    put_archive(tmp_path / "b.npz", slow)
    with pytest.raises(UserError, match=r"every 0\.05 s"):
        DrivingSignals(tmp_path).moments("train")
    assert DrivingSignals(tmp_path).problems()[-1] == (
        f"{tmp_path / 'b.npz'} has a frame every 0.1 s, {tmp_path / 'a.npz'} every 0.05 s"
    )
