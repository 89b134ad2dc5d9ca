"""Videos of any rate become pictures equally far apart; what cannot be used is named."""

from pathlib import Path

import fake_clips
import numpy as np
import pytest

from nsca.data.media import BrokenFileError
from nsca.data.video_reading import load_videos, read_video
from nsca.errors import UserError


def brightness(pictures: np.ndarray) -> np.ndarray:
    return pictures[:, 8:24, 8:24].mean((1, 2, 3))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".avi", ".mpg", ".webm", ".gif"])
def test_every_container_gives_pictures_of_its_middle_at_the_rate(tmp_path: Path, suffix: str):
    path = fake_clips.write_video(tmp_path / f"clip{suffix}", fake_clips.at_rate(25, 2))
    pictures = read_video(path, 32, 5.0, 300)
    assert pictures.shape == (10, 32, 32, 3)
    assert pictures.dtype == np.uint8
    np.testing.assert_allclose(brightness(pictures), 10 + 20 * np.arange(10), atol=6)
    assert pictures[0].max() < 60, "the white sides are cut off"


def test_time_stamps_decide_and_not_the_count_of_pictures(tmp_path: Path):
    times = [0, 0.04, 0.08, 0.2, 0.4, 0.44, 0.6, 1.4, 1.6]  # many, few, a gap
    path = fake_clips.write_video(tmp_path / "clip.mp4", times)
    shown = brightness(read_video(path, 32, 5.0, 300))
    np.testing.assert_allclose(shown, [10, 30, 50, 70, 150, 170], atol=6)


def test_a_slow_source_gives_every_picture_once(tmp_path: Path):
    path = fake_clips.write_video(tmp_path / "clip.mp4", fake_clips.at_rate(2, 2))
    np.testing.assert_allclose(
        brightness(read_video(path, 32, 5.0, 300)), [10, 60, 110, 160], atol=6
    )


def test_a_video_that_begins_late_is_counted_from_its_first_picture(tmp_path: Path):
    times = [3 + time for time in fake_clips.at_rate(25, 1)]
    path = fake_clips.write_video(tmp_path / "clip.mkv", times)
    assert len(read_video(path, 32, 5.0, 300)) == 5


def test_a_long_video_is_read_from_its_beginning(tmp_path: Path):
    path = fake_clips.write_video(tmp_path / "clip.mp4", fake_clips.at_rate(25, 2))
    np.testing.assert_allclose(brightness(read_video(path, 32, 5.0, 3)), [10, 30, 50], atol=6)


def test_a_turned_video_is_shown_upright(tmp_path: Path):
    path = fake_clips.write_video(tmp_path / "clip.mp4", [0.0, 0.2])
    upright = read_video(path, 32, 5.0, 300)[0]
    one, half = (0x10000).to_bytes(4, "big"), (0x40000000).to_bytes(4, "big")
    minus, none = (-0x10000).to_bytes(4, "big", signed=True), bytes(4)
    identity = one + none * 3 + one + none * 3 + half
    clockwise = none + one + none + minus + none * 4 + half
    head, _, tail = path.read_bytes().rpartition(identity)  # the last one is the track's
    path.write_bytes(head + clockwise + tail)
    wide = read_video(path, 96, 5.0, 300)[0]
    assert upright.max() < 60
    assert wide[48].max() < 60, "the middle row is grey from side to side"
    assert wide[0].max() < 60, "64 of 64 columns are grey where the square is cut from 64 x 96"


def broken_videos(root: Path) -> dict[str, tuple[Path, str]]:
    """name -> (file, part of the cause)"""
    whole = fake_clips.write_video(root / "whole.mkv", fake_clips.at_rate(25, 2)).read_bytes()
    (root / "cut.mkv").write_bytes(whole[: len(whole) // 3])
    (root / "empty.mp4").write_bytes(b"")
    (root / "text.mp4").write_text("no video")
    return {
        "missing": (root / "gone.mp4", "No such file"),
        "empty": (root / "empty.mp4", "is empty (0 bytes)"),
        "text": (root / "text.mp4", "is not a video that can be read"),
        "cut": (root / "cut.mkv", "of 2.0 announced seconds"),
        "sound": (fake_clips.write_sound_alone(root / "sound.mp4"), "has no stream of pictures"),
        "nothing": (fake_clips.write_video(root / "none.avi", []), "holds no picture"),
    }


def test_broken_videos_are_named_with_their_cause(tmp_path: Path):
    for name, (path, cause) in broken_videos(tmp_path).items():
        with pytest.raises(BrokenFileError) as caught:
            read_video(path, 32, 5.0, 300)
        assert cause in caught.value.cause, name
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_broken_videos_are_skipped_up_to_the_limit(tmp_path: Path, caplog):
    good = [
        fake_clips.write_video(tmp_path / f"{n}.mp4", fake_clips.at_rate(25, 1 + n)) for n in (0, 1)
    ]
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    pictures, positions, broken = load_videos([good[0], bad, good[1]], 32, 5.0, 300, 0.5, "clips")
    assert len(pictures) == 15
    assert positions == [0] * 5 + [2] * 10
    assert [each.path for each in broken] == [bad]
    assert "bad.mp4" in caplog.text
    with pytest.raises(UserError, match=r"clips: 1 of 3 files .*bad.mp4") as caught:
        load_videos([good[0], bad, good[1]], 32, 5.0, 300, 0.1, "clips")
    assert "data.max_broken=" in caught.value.remedy
