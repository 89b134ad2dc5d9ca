"""Moments of numbered recordings: which senses they have, how they pair, what spoils them."""

import numpy as np
import pytest
import soundfile
from data.numbered_recordings import record, tone

from nsca.data.custom_folder import CustomFolder
from nsca.data.moments import MomentSource
from nsca.errors import UserError


def test_a_moment_is_a_sample_with_the_senses_it_has(recordings):
    soundfile.write(recordings / "train" / "cup" / "audio_001.wav", np.zeros(1600), 16_000)
    source = CustomFolder(recordings)
    assert isinstance(source, MomentSource)
    moments = source.moments("train")
    assert moments.there().tolist() == [
        [True, False, True],
        [True, True, True],
        [True, False, True],  # its sound is silent
        [False, True, True],
    ]
    assert moments.stored["vision"].rows(np.array([1]))[0, 0, 0, 0] == 200
    assert moments.stored["audio"].rows(np.array([1, 3])).shape == (2, 16_000)
    assert moments.stored["proprioception"].rows(np.array([0])).shape == (1, 7)
    label = source.moment_labels("train")["label"]
    assert [source.classes[code] for code in label.values] == ["ball", "ball", "cup", "cup"]
    assert label.group.tolist() == [0, 1, 2, 3]


def test_by_label_every_file_is_a_moment_and_held_out_files_stay_apart(recordings):
    for split, number in (("train", 1), ("train", 2), ("val", 1)):
        tone(recordings / split / "cup" / f"audio_00{number}.wav", 16_000)
    source = CustomFolder(recordings, pairing="label")
    train, val = source.moments("train"), source.moments("val")
    assert (len(train), len(val)) == (3 + 3 + 4, 2 + 2 + 2)
    assert (train.belongs == source.moment_labels("train")["label"].values).all()
    held_out = val.completed(0).stored["vision"].rows(np.arange(6))[:, 0, 0, 0]
    assert set(held_out) == {20}, "partners of held-out files are held-out files"
    mixed = CustomFolder(recordings, pairing="shuffled")
    assert (mixed.moments("val").belongs == val.belongs).all(), "the training part alone is mixed"
    assert mixed.moments("train").belongs.tolist() != train.belongs.tolist()
    assert (mixed.moment_labels("train")["label"].values == train.belongs).all()


def test_stereo_and_any_rate_give_the_same_window(tmp_path):
    for split in ("train", "val"):
        record(tmp_path / split / "bell", 1, "i")
        for number, (rate_hz, channels) in enumerate(
            [(16_000, 1), (8_000, 1), (96_000, 2), (44_100, 2)], start=1
        ):
            tone(tmp_path / split / "bell" / f"audio_00{number}.wav", rate_hz, channels)
    moments = CustomFolder(tmp_path).moments("train")
    assert moments.present["audio"].all()
    sounds = moments.stored["audio"].rows(np.arange(4)).astype(float)
    assert sounds.shape == (4, 16_000)
    middle = sounds[:, 1000:7000]  # a filter rings at the edges
    assert np.abs(middle - middle[0]).max() < 0.01 * middle[0].max()
    assert (sounds[:, 8200:] == 0).all()


def test_a_sound_without_a_sample_is_named_and_refused(recordings):
    soundfile.write(recordings / "train" / "cup" / "audio_002.wav", np.zeros(0), 16_000)
    with pytest.raises(UserError, match=r"cup/audio_002.wav: holds 0 of 0 samples") as refusal:
        CustomFolder(recordings).moments("train")
    assert "data.max_broken" in refusal.value.remedy
    found = CustomFolder(recordings, max_broken=0.5).moments("train")
    assert not found.present["audio"][3], "tolerated, it is a missing sense"
    assert found.present["proprioception"].all()


def test_a_reading_that_is_no_number_is_named_and_refused(recordings):
    file = recordings / "train" / "cup" / "proprio_001.npy"
    np.save(file, np.array([[0.0] * 6 + [np.nan]]))
    with pytest.raises(UserError, match=r"cup/proprio_001.npy: holds values that are not finite"):
        CustomFolder(recordings).moments("train")
    file.unlink()
    assert CustomFolder(recordings).moments("train").present["proprioception"].tolist() == [
        *(True, True, False, True)
    ]


def test_streams_of_different_length_are_one_reading_each(recordings):
    np.save(recordings / "train" / "cup" / "proprio_001.npy", np.ones((50, 7)))
    readings = CustomFolder(recordings).moments("train").stored["proprioception"]
    assert readings.rows(np.arange(4)).tolist() == [[0] * 7, [0] * 7, [1] * 7, [0] * 7]
    np.save(recordings / "train" / "cup" / "proprio_001.npy", np.ones(50))
    with pytest.raises(UserError, match=r"50 numbers a reading.*has 7"):
        CustomFolder(recordings).moments("train")


def test_a_class_without_any_file_of_a_modality_lacks_that_sense(recordings):
    for file in (recordings / "train" / "cup").glob("image_*"):
        file.unlink()
    for pairing in ("number", "label"):
        moments = CustomFolder(recordings, pairing=pairing).moments("train").completed(0)
        cup = moments.belongs >= (2 if pairing == "number" else 1)
        assert not moments.present["vision"][cup].any()
        assert moments.present["vision"][~cup].all()


def test_senses_of_which_no_two_belong_together_are_refused(tmp_path):
    for split in ("train", "val"):
        for number in (1, 2):
            record(tmp_path / split / "cup", number, "i")
            tone(tmp_path / split / "ball" / f"audio_00{number}.wav", 16_000)
    for pairing in ("number", "label"):
        with pytest.raises(
            UserError, match=r"no two senses.*image 2, audio 2, proprio 0"
        ) as refusal:
            CustomFolder(tmp_path, pairing=pairing).moments("train")
        assert "data.pairing=label" in refusal.value.remedy
    tone(tmp_path / "train" / "cup" / "audio_007.wav", 16_000)
    with pytest.raises(UserError, match="no two senses"):
        CustomFolder(tmp_path).moments("train")
    assert CustomFolder(tmp_path, pairing="label").moments("train").apart


def test_a_part_that_is_not_there_and_a_pairing_that_is_none(recordings):
    with pytest.raises(UserError, match="holds no test/"):
        CustomFolder(recordings).moments("test")
    with pytest.raises(UserError, match=r"pairing=colour.*number, label, shuffled"):
        CustomFolder(recordings, pairing="colour")
