"""Videos in every layout; labels only where they can be probed; whole videos are held out."""

from pathlib import Path

import fake_clips
import numpy as np
import pytest

from nsca.data.image_folder import ImageFolder
from nsca.data.source import FrameSource
from nsca.data.video_folder import VideoFolder
from nsca.errors import UserError


def put(path: Path, seconds: float = 1.0, start: float = 10.0) -> Path:
    return fake_clips.write_video(path, fake_clips.at_rate(25, seconds), start=start)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Two classes, three clips each, of different lengths."""
    for number in range(3):
        put(tmp_path / "book" / f"{number}.mp4", 0.6 + 0.4 * number, start=10 + number)
        put(tmp_path / "milk" / f"{number}.mkv", 1.0, start=100 + number)
    return tmp_path


def test_whole_videos_are_held_out_and_stay_clips_in_time_order(videos: Path):
    source = VideoFolder(videos, val_fraction=0.34)
    assert isinstance(source, FrameSource)
    assert source.has_time
    assert source.held_out == ("val",)
    train, val = source.frames("train"), source.frames("val")
    assert len(np.unique(train.clip)) == 4
    assert len(np.unique(val.clip)) == 2
    assert not {f.path for f in source.files["train"]} & {f.path for f in source.files["val"]}
    for frames in (train, val):
        assert (np.diff(frames.clip) >= 0).all()
        light = frames.images.mean((1, 2, 3))
        assert (np.diff(light)[np.diff(frames.clip) == 0] > 10).all()


def test_labels_belong_to_videos(videos: Path):
    source = VideoFolder(videos, val_fraction=0.34)
    label, frames = source.probe_labels("train")["label"], source.frames("train")
    assert source.classes == ["book", "milk"]
    assert label.group.tolist() == frames.clip.tolist()
    assert ((frames.images.mean((1, 2, 3)) > 90) >= (label.values == 1)).all()


def test_loose_videos_need_no_labels_also_beside_a_table_of_other_columns(tmp_path: Path):
    for number in range(5):
        put(tmp_path / f"{number}.mp4", start=10 + number)
    (tmp_path / "labels.csv").write_text("file,word\n0.mp4,book\n")
    source = VideoFolder(tmp_path)
    assert (len(source.files["train"]), len(source.files["val"])) == (4, 1)
    assert len(source.frames("val")) == 5
    assert source.probe_labels("train") == {}


def test_loose_videos_may_be_in_parts(tmp_path: Path):
    put(tmp_path / "train" / "a.mp4")
    put(tmp_path / "val" / "b.mp4", start=50)
    put(tmp_path / "test" / "c.mp4", start=90)
    source = VideoFolder(tmp_path)
    assert [file.path.name for file in source.files["val"]] == ["b.mp4"]
    assert source.held_out == ("val", "test")


def test_classes_that_cannot_be_probed_leave_the_labels_out(tmp_path: Path, capsys):
    for number, word in enumerate(("book", "milk", "night")):
        put(tmp_path / word / "clip.mp4", start=10 + number)
    source = VideoFolder(tmp_path)
    assert source.probe_labels("val") == {}
    assert len(np.unique(source.frames("train").clip)) == 2
    assert "without labels (classes are not in both parts), so" in capsys.readouterr().err
    (tmp_path / "labels.csv").write_text(
        "split,label,file\ntrain,book,book/clip.mp4\nval,milk,milk/clip.mp4\n"
    )
    listed = VideoFolder(tmp_path)
    assert [file.path.parent.name for file in listed.files["val"]] == ["milk"]
    assert listed.probe_labels("train") == {}


def test_the_fingerprint_follows_files_and_what_is_read_of_them(videos: Path):
    first = VideoFolder(videos).fingerprint()
    assert first == VideoFolder(videos).fingerprint()
    for change in ({"frames_per_s": 10.0}, {"max_frames": 4}, {"image_size": 32}):
        assert VideoFolder(videos, **change).fingerprint() != first
    put(videos / "milk" / "new.mkv")
    assert VideoFolder(videos).fingerprint() != first


def test_a_broken_video_is_named_and_may_be_tolerated(videos: Path):
    (videos / "milk" / "3.mkv").write_bytes(b"")
    (videos / "milk" / "4.mkv").write_bytes(b"")
    assert [line.rpartition("/")[2] for line in VideoFolder(videos).problems()] == [
        "3.mkv: is empty (0 bytes)",
        "4.mkv: is empty (0 bytes)",
    ]
    with pytest.raises(UserError, match=r"cannot be read .*mkv: is empty"):
        [VideoFolder(videos).frames(split) for split in ("train", "val")]
    tolerant = VideoFolder(videos, max_broken=0.7)
    counted = [len(np.unique(tolerant.frames(split).clip)) for split in ("train", "val")]
    assert sum(counted) == 6
    assert sum(len(each) for each in tolerant.broken.values()) == 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"path": None}, "needs a folder"),
        ({"image_size": 2}, "data.image_size=2"),
        ({"frames_per_s": 0.0}, "data.frames_per_s=0.0"),
        ({"frames_per_s": float("nan")}, "data.frames_per_s=nan"),
        ({"max_frames": 1}, "data.max_frames=1"),
    ],
)
def test_impossible_settings_are_refused_before_anything_is_read(change, named, videos: Path):
    with pytest.raises(UserError, match=named):
        VideoFolder(**({"path": videos} | change))


def test_a_folder_of_another_kind_names_the_choice_that_reads_it(videos: Path, tmp_path_factory):
    other = tmp_path_factory.mktemp("photos")
    (other / "cat").mkdir()
    (other / "cat" / "1.jpg").write_bytes(b"never opened")
    with pytest.raises(UserError, match="holds pictures and no video") as caught:
        VideoFolder(other)
    assert caught.value.remedy == "data=image_folder"
    with pytest.raises(UserError, match="holds videos and no picture") as caught:
        ImageFolder(videos)
    assert caught.value.remedy == "data=video_folder"


def test_a_folder_without_a_video_says_what_is_expected(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(UserError, match=r"expected .*\*.mp4.*found .*notes.txt") as caught:
        VideoFolder(tmp_path)
    assert "put videos there" in caught.value.remedy


def test_one_video_cannot_be_held_out(tmp_path: Path):
    put(tmp_path / "only.mp4")
    with pytest.raises(UserError, match="the folder has one file, so none can be held out"):
        VideoFolder(tmp_path)
