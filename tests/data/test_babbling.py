"""Reading a babbling set: pictures in order, labels that fit them, and nothing privileged."""

import builtins
import io
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from nsca.data.babbling import HEARD_LABELS, Babbling, sole_whole_object
from nsca.data.moments import MomentSource
from nsca.data.source import FrameSource, SoundSource
from nsca.errors import UserError
from nsca.worlds.tabletop.interaction import AUDIO_SAMPLES, FRAMES


def test_it_is_a_frame_source(babbling_set: Path) -> None:
    source = Babbling(str(babbling_set))
    assert isinstance(source, FrameSource)
    assert source.has_time


def test_frames_are_strided_clips_in_time_order(babbling_set: Path) -> None:
    frames = Babbling(str(babbling_set), stride=5).frames("train")
    per_clip = len(range(0, FRAMES, 5))
    assert len(frames) == 24 * per_clip  # 12 stable episodes of 2 interactions
    assert frames.images.shape[1:] == (64, 64, 3)
    numbers = frames.images[:, 0, 0, 0].reshape(-1, per_clip)  # the frame's own number
    assert (numbers == np.arange(0, FRAMES, 5)).all()
    assert (frames.clip.reshape(-1, per_clip) == np.arange(24)[:, None]).all()


def test_labels_describe_the_pictures(babbling_set: Path) -> None:
    source = Babbling(str(babbling_set), stride=4)
    for split in ("train", "val", "test"):
        frames, labels = source.frames(split), source.probe_labels(split)
        assert {len(label.values) for label in labels.values()} == {len(frames)}
        seen_red = frames.images[:, 30, 30, 0] / 255
        assert np.abs(labels["colour_r"].values - seen_red).max() < 1 / 200
        same_clip = frames.clip[1:] == frames.clip[:-1]
        group = labels["shape"].group
        assert (group[1:] == group[:-1])[same_clip].all()
    moved = labels["position_x_m"].values.reshape(-1, 8)
    assert (np.diff(moved, axis=1) > 0).all()


def test_yaw_is_known_only_where_it_can_be_seen(babbling_set: Path) -> None:
    labels = Babbling(str(babbling_set)).probe_labels("train")
    yaw = np.arctan2(labels["yaw_sin"].values, labels["yaw_cos"].values)
    vocabulary = ["box", "sphere", "tee"]
    tee = np.isfinite(yaw)
    assert 0 < tee.sum() < len(yaw)
    assert np.allclose(yaw[tee], 0.6, atol=1e-5)
    assert len(set(labels["shape"].values[tee])) == 1
    assert len(set(labels["shape"].values)) == len(vocabulary)


def test_classes_have_the_same_numbers_in_every_split(babbling_set: Path) -> None:
    source = Babbling(str(babbling_set))
    by_split = [source.probe_labels(split) for split in ("train", "val", "test")]
    for labels in by_split:
        wood = [int(g.split("-")[1]) % 2 == 0 for g in labels["visible_material"].group]
        numbers = labels["visible_material"].values
        assert (
            numbers == np.where(wood, numbers[wood.index(True)], numbers[wood.index(False)])
        ).all()
    firsts = {labels["visible_material"].values.max() for labels in by_split}
    assert len(firsts) == 1


def test_a_fraction_takes_whole_episodes_from_the_first_on(babbling_set: Path) -> None:
    whole = Babbling(str(babbling_set)).frames("train")
    half = Babbling(str(babbling_set), fraction=0.5).frames("train")
    assert len(half) == len(whole) // 2
    assert (half.images == whole.images[: len(half)]).all()


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_fraction_leaves_what_is_judged_on_whole(babbling_set: Path, split: str) -> None:
    whole = Babbling(str(babbling_set))
    half = Babbling(str(babbling_set), fraction=0.5)
    assert len(half.frames(split)) == len(whole.frames(split))
    assert len(half.probe_labels(split)["shape"].values) == len(whole.frames(split))


def test_pictures_can_be_made_smaller(babbling_set: Path) -> None:
    small = Babbling(str(babbling_set), image_size=32).frames("val")
    large = Babbling(str(babbling_set)).frames("val")
    assert small.images.shape[1:] == (32, 32, 3)
    assert (small.images[:, 20, 20] == large.images[:, 40, 40]).all()


def test_the_fingerprint_follows_the_content(
    babbling_set: Path, tmp_path: Path, plan, synthetic_world
) -> None:
    from dataclasses import replace

    from data.sets import generate

    again, other = tmp_path / "again", tmp_path / "other"
    generate(plan, again, 0, lambda _: None)
    generate(replace(plan, seed=9), other, 0, lambda _: None)
    prints = [Babbling(str(path)).fingerprint() for path in (babbling_set, again, other)]
    assert prints[0] == prints[1] != prints[2]


def test_reading_for_training_opens_no_privileged_file(
    babbling_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def watch(event: str, arguments: tuple) -> None:
        if event == "open" and recording:
            opened.append(str(arguments[0]))

    recording: list[bool] = []
    sys.addaudithook(watch)
    import pyarrow.parquet as pq

    original = pq.read_table

    def reading(path, *arguments, **keywords):  # Arrow opens files itself, unseen by Python
        opened.append(str(path))
        return original(path, *arguments, **keywords)

    monkeypatch.setattr(pq, "read_table", reading)
    for path in (babbling_set / "privileged").iterdir():
        os.truncate(path, 0)  # and if it did, it could read nothing
    recording.append(True)
    source = Babbling(str(babbling_set))
    source.frames("train")
    source.probe_labels("train")
    recording.clear()
    assert any("observations" in name for name in opened)
    assert not [name for name in opened if "privileged" in name]
    assert builtins.open is io.open


def test_a_missing_set_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no data set") as failure:
        Babbling(str(tmp_path / "nowhere")).frames("train")
    assert "python -m nsca.babble" in failure.value.remedy


def test_a_truncated_shard_is_named(babbling_set: Path) -> None:
    victim = babbling_set / "observations" / "train-00001.parquet"
    victim.write_bytes(victim.read_bytes()[:-50])
    with pytest.raises(UserError, match=r"observations/train-00001\.parquet") as failure:
        Babbling(str(babbling_set)).frames("train")
    assert "nsca.babble" in failure.value.remedy
    assert len(Babbling(str(babbling_set)).frames("val")) > 0


def test_a_set_without_pictures_has_moments_and_says_how_to_get_pictures(
    tmp_path: Path, plan, synthetic_world
) -> None:
    from dataclasses import replace

    from data.sets import generate

    generate(replace(plan, render=False), tmp_path / "blind", 0, lambda _: None)
    with pytest.raises(UserError, match="without pictures"):
        Babbling(str(tmp_path / "blind")).frames("train")
    moments = Babbling(str(tmp_path / "blind"), moment_stride=4).moments("train")
    assert set(moments.stored) == {"audio", "proprioception"}
    assert not moments.there()[:, 0].any()
    assert moments.interval_s == 0.2


def test_a_source_is_known_as_one_before_its_set_is_there(tmp_path: Path):
    source = Babbling(str(tmp_path / "later"))
    assert isinstance(source, MomentSource)
    with pytest.raises(UserError, match="no data set"):
        source.moments(source.held_out[0])


@pytest.mark.parametrize(
    ("shares", "held_out"),
    [
        ((0.5, 0.5, 0.0), ("val",)),
        ((0.5, 0.0, 0.5), ("test",)),
        ((0.4, 0.3, 0.3), ("val", "test")),
        ((1.0, 0.0, 0.0), ("val",)),
    ],
)
def test_what_is_held_out_is_what_the_manifest_says(
    tmp_path: Path, plan, synthetic_world, shares: tuple, held_out: tuple
) -> None:
    from dataclasses import replace

    from data.sets import generate

    fractions = dict(zip(("train", "val", "test"), shares, strict=True))
    generate(replace(plan, fractions=fractions), tmp_path / "set", 0, lambda _: None)
    source = Babbling(str(tmp_path / "set"), moment_stride=8)
    assert source.held_out == held_out
    if shares[0] == 1:
        with pytest.raises(UserError, match="no val episodes"):
            source.moments("val")
    else:
        assert all(len(source.moments(split)) for split in source.held_out)


@pytest.mark.parametrize(
    "wrong",
    [{"stride": 0}, {"stride": 33}, {"fraction": 0.0}, {"fraction": 1.5}, {"image_size": 2}],
)
def test_impossible_values_are_refused(wrong: dict) -> None:
    with pytest.raises(UserError, match=next(iter(wrong))):
        Babbling("anywhere", **wrong)


def test_datasets_opens_it(babbling_set: Path, tmp_path: Path) -> None:
    import datasets

    files = {
        split: sorted(str(p) for p in (babbling_set / "observations").glob(f"{split}-*"))
        for split in ("train", "test")
    }
    opened = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))
    row = opened["train"][0]
    assert len(opened["train"]) == 24
    assert len(row["frames"]) == FRAMES * 64 * 64 * 3
    assert len(row["touch"]) == FRAMES * 6
    assert row["events"][0]["kind"] == "impulse"


def test_labels_are_for_pictures_of_one_whole_object() -> None:
    alone = {"episode": 1, "instance_ids": ["a"], "events": []}
    crowded = {"episode": 2, "instance_ids": ["a", "b"], "events": []}
    breaking = {
        "episode": 3,
        "instance_ids": ["a"],
        "events": [{"kind": "contact", "time_s": 0.1}, {"kind": "break", "time_s": 0.5}],
    }
    clear = sole_whole_object([alone, crowded, breaking], stride=4)  # at 0, 0.2, .. 1.4 s
    assert clear.sum(axis=1).tolist() == [8, 0, 3]


def test_sounds_are_those_of_the_interactions_with_labels_that_fit(babbling_set: Path) -> None:
    source = Babbling(str(babbling_set))
    assert isinstance(source, SoundSource)
    for split in ("train", *source.held_out):
        sounds, labels = source.sounds(split), source.sound_labels(split)
        assert sounds.samples.shape[1] == AUDIO_SAMPLES
        assert labels.keys() == set(HEARD_LABELS)
        assert {len(label.values) for label in labels.values()} == {len(sounds)}
        peaks = np.abs(sounds.samples.astype(int)).max(axis=1)
        assert np.allclose(peaks / 32767, 0.5 * labels["size_m"].values, atol=1e-3)


def test_a_sound_that_nobody_hears_or_several_things_could_make_has_no_label(
    babbling_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Babbling(str(babbling_set))
    real = Babbling._observations
    known = source.sound_labels("val")["size_m"].values
    assert np.isfinite(known).all()

    def altered(self: Babbling, split: str, columns: list[str]) -> tuple[int, list]:
        rows, read = real(self, split, columns)
        shards = list(read)
        first = shards[0].to_pylist()
        first[0]["audio"] = bytes(len(first[0]["audio"]))
        first[1]["instance_ids"] = ["one", "another"]
        return rows, [pa.Table.from_pylist(first, shards[0].schema), *shards[1:]]

    monkeypatch.setattr(Babbling, "_observations", altered)
    for label in source.sound_labels("val").values():
        assert np.isnan(label.values[:2]).all()
        assert np.isfinite(label.values[2:]).all()


def test_moments_have_what_the_interactions_have_at_that_time(babbling_set: Path) -> None:
    source = Babbling(str(babbling_set), moment_stride=5)
    assert isinstance(source, MomentSource)
    taken = np.arange(0, FRAMES, 5)
    moments, frames = source.moments("train"), Babbling(str(babbling_set), stride=5).frames("train")
    assert (moments.stored["vision"].rows(np.arange(len(moments))) == frames.images).all()
    assert (moments.clip == frames.clip).all()
    assert moments.has_next().sum() == len(moments) - 24
    labels = source.moment_labels("train")
    assert np.allclose(moments.physical[:, 0], labels["position_x_m"].values, atol=1e-6)
    body = moments.stored["proprioception"].rows(np.arange(len(taken)))
    assert np.allclose(body[:, :3], moments.physical[: len(taken), 6:9])


def test_a_stride_for_moments_outside_an_interaction_is_refused(babbling_set: Path) -> None:
    with pytest.raises(UserError, match=r"data\.moment_stride=33"):
        Babbling(str(babbling_set), moment_stride=33)
