"""Previews: what is written can be opened again and shows and sounds what the set holds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nsca.data.preview import (
    contact_sheet,
    gif,
    sample_interactions,
    spectrogram_db,
    spectrogram_figure,
    video,
    write_preview,
)
from nsca.errors import UserError


def colour_clip(level: int) -> np.ndarray:
    return np.full((32, 64, 64, 3), level, np.uint8)


def test_a_contact_sheet_shows_every_clip_in_a_row() -> None:
    sheet = np.asarray(
        contact_sheet([colour_clip(40), colour_clip(200)[:9]], ["one", "two"], columns=4)
    )
    assert sheet.shape == (2 * (128 + 18), 4 * 130, 3)
    assert (sheet[80, 60] == 40).all()
    assert (sheet[146 + 80, 60] == 200).all()
    with pytest.raises(ValueError, match="no clips"):
        contact_sheet([], [])


def test_a_film_holds_the_pictures_and_the_sound_in_step(tmp_path: Path) -> None:
    import av

    frames = np.concatenate([colour_clip(20)[:16], colour_clip(220)[:16]])
    audio = np.zeros(25_600, np.float32)
    audio[12_800:14_400] = 0.5 * np.sin(np.arange(1600) * 2 * np.pi * 1000 / 16_000)
    path = video(tmp_path / "film.mp4", frames, audio)
    with av.open(str(path)) as film:
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    with av.open(str(path)) as film:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in film.decode(audio=0)])
    assert len(pictures) == 32
    assert pictures[0].shape == (256, 256, 3)
    assert pictures[8].mean() < 60 < 180 < pictures[24].mean()
    loud = np.abs(sound) > 0.2
    assert 0.7 < loud.argmax() / 16_000 < 0.9  # the beep begins at 0.8 s, with the change of colour


def test_without_audio_a_film_has_no_sound_track(tmp_path: Path) -> None:
    import av

    with av.open(str(video(tmp_path / "film.mp4", colour_clip(90)[:4], scale=1))) as film:
        assert [stream.type for stream in film.streams] == ["video"]
        assert len(list(film.decode(video=0))) == 4


def test_a_gif_moves(tmp_path: Path) -> None:
    frames = np.stack([colour_clip(level)[0] for level in range(0, 240, 20)])
    with Image.open(gif(tmp_path / "film.gif", frames)) as image:
        assert image.n_frames == 12
        assert image.size == (192, 192)


def test_a_tone_stands_at_its_frequency_and_level() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 2000 * np.arange(16_000) / 16_000).astype(np.float32)
    power = spectrogram_db(tone)
    row = int(power.mean(1).argmax())
    assert row * 16_000 / 512 == pytest.approx(2000, abs=32)
    assert power[row].max() == pytest.approx(-6, abs=1)
    assert spectrogram_db(np.zeros(16_000, np.float32)).max() <= -119


def test_a_spectrogram_figure_marks_events() -> None:
    events = [{"time_s": 0.5, "kind": "break"}, {"time_s": 0.2, "kind": "contact"}]
    figure = spectrogram_figure(np.zeros(16_000, np.float32), events, "a title")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["break"]
    assert axes.get_title() == "a title"


def test_samples_go_round_the_primitives(babbling_set: Path) -> None:
    rows = sample_interactions(babbling_set, "train", 5)
    assert len({row["primitive"] for row in rows}) >= 4
    assert rows[0]["frames"].shape == (32, 64, 64, 3)
    assert np.abs(rows[0]["audio"]).max() <= 1
    with pytest.raises(UserError, match="no other"):
        sample_interactions(babbling_set, "other", 5)


def test_a_preview_of_a_set(babbling_set: Path, tmp_path: Path) -> None:
    files = write_preview(babbling_set, tmp_path / "preview", "train", 3)
    names = [file.name for file in files]
    assert names == ["contact_sheet.png", "film.mp4", "film.gif", "spectrogram.png"]
    assert all(file.stat().st_size > 200 for file in files)
