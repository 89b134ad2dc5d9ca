"""Every way a picture, sound or array can be unusual or broken."""

import io
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from nsca.data.media import (
    SHORTEST_SOUND_S,
    BrokenFileError,
    read_array,
    read_audio,
    read_image,
)
from nsca.models.log_mel import HOP, RATE_HZ


def save(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def solid(mode: str, colour: object, size: tuple[int, int] = (40, 40)) -> Image.Image:
    return Image.new(mode, size, colour)


UNUSUAL = {
    "grey.png": (lambda: solid("L", 200), (200, 200, 200)),
    "one_bit.png": (lambda: solid("1", 1), (255, 255, 255)),
    "palette.png": (lambda: solid("RGB", (10, 200, 30)).quantize(4), (10, 200, 30)),
    "alpha.png": (lambda: solid("RGBA", (200, 0, 0, 0)), (255, 255, 255)),
    "half_alpha.png": (lambda: solid("RGBA", (200, 0, 0, 128)), (227, 127, 127)),
    "grey_alpha.png": (lambda: solid("LA", (0, 0)), (255, 255, 255)),
    "sixteen_bit.png": (
        lambda: Image.fromarray(np.full((40, 40), 32896, np.uint16)),
        (128, 128, 128),
    ),
    "cmyk.jpg": (lambda: solid("CMYK", (0, 255, 255, 0)), (254, 0, 0)),
    "float.tiff": (lambda: Image.fromarray(np.full((40, 40), 0.5, np.float32)), (127, 127, 127)),
    "animated.gif": (lambda: solid("P", 0), (0, 0, 0)),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_modes_become_rgb(name, tmp_path):
    make, expected = UNUSUAL[name]
    picture = read_image(save(tmp_path / name, make()), size=16)
    assert picture.shape == (16, 16, 3)
    assert picture.dtype == np.uint8
    assert np.abs(picture.astype(int) - np.array(expected)).max() <= 3


def test_palette_with_a_transparent_colour_is_laid_over_white(tmp_path):
    image = solid("RGB", (0, 0, 0)).quantize(2)
    path = save(tmp_path / "transparent.png", image, transparency=0)
    assert (read_image(path, 16) == 255).all()


def test_exif_rotation_is_applied(tmp_path):
    image = solid("RGB", (255, 0, 0))
    image.paste((0, 0, 255), (0, 0, 40, 20))  # blue above red
    exif = Image.Exif()
    exif[0x0112] = 3  # the camera was upside down
    picture = read_image(save(tmp_path / "turned.jpg", image, exif=exif, quality=95), 16)
    assert picture[2, 8, 0] > 200 > picture[2, 8, 2], "red is on top after turning"


def test_the_middle_square_is_taken_at_the_asked_size(tmp_path):
    image = solid("RGB", (0, 0, 0), (90, 30))
    image.paste((255, 255, 255), (30, 0, 60, 30))
    assert (read_image(save(tmp_path / "wide.png", image), 30) == 255).all()
    tiny = save(tmp_path / "tiny.png", solid("RGB", (1, 2, 3), (1, 1)))
    assert (read_image(tiny, 16) == (1, 2, 3)).all()


def broken_files(folder: Path) -> dict[str, Path]:
    stored = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    Image.fromarray(noise).save(stored, "JPEG")
    jpg = stored.getvalue()
    stored = io.BytesIO()
    Image.fromarray(noise).save(stored, "PNG")
    png = stored.getvalue()
    contents = {
        "zero.jpg": b"",
        "text.jpg": b"this is not a picture\n",
        "truncated.jpg": jpg[: len(jpg) // 2],
        "truncated.png": png[: len(png) // 2],
        "head.png": png[:12],
        "flipped.png": png[:60] + bytes([png[60] ^ 255]) + png[61:],
        "html.jpeg": b"<!doctype html><title>404 not found</title>",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "folder.jpg").mkdir()
    return {name: folder / name for name in [*contents, "folder.jpg", "missing.jpg"]}


def test_broken_pictures_are_named_with_their_cause(tmp_path):
    for name, path in broken_files(tmp_path).items():
        with pytest.raises(BrokenFileError) as caught:
            read_image(path, 16)
        assert name in str(caught.value)
        assert caught.value.path == path
        assert caught.value.cause
        assert "BytesIO" not in str(caught.value), "an address would change from run to run"
        assert "\n" not in str(caught.value)


def test_a_picture_too_large_to_unpack_is_refused(tmp_path, monkeypatch):
    path = save(tmp_path / "bomb.png", solid("1", 0, (200, 200)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(BrokenFileError, match=r"bomb\.png"):
        read_image(path, 16)


def test_a_picture_that_pillow_only_warns_of_is_refused(tmp_path, monkeypatch):
    path = save(tmp_path / "large.png", solid("1", 0, (200, 200)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with pytest.raises(BrokenFileError, match="200 x 200 pixels, more than 30000"):
            read_image(path, 16)


@pytest.mark.parametrize("entry", [(0x0103, 4, 1, 70_000), (0x011A, 1, 1, 5)])
def test_a_picture_with_damaged_exif_is_named(tmp_path, entry):
    """A number too large for its tag, and a type that its tag cannot have."""
    entries = sorted([entry, (0x0112, 3, 1, 6)])
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2)
    exif += b"".join(struct.pack("<HHII", *each) for each in entries) + bytes(4)
    path = save(tmp_path / "exif.jpg", solid("RGB", 0), exif=exif)
    with pytest.raises(BrokenFileError, match=r"exif\.jpg.*damaged EXIF"):
        read_image(path, 16)


def test_sounds_are_read_whole(tmp_path):
    wave = np.sin(np.arange(1600) / 10).astype(np.float32) / 2
    for name in ("a.wav", "a.flac"):
        soundfile.write(tmp_path / name, np.stack([wave, -wave], axis=1), 16_000)
        samples, rate_hz = read_audio(tmp_path / name)
        assert (samples.shape, rate_hz) == ((1600, 2), 16_000)
        assert np.abs(samples[:, 0] - wave).max() < 1e-3


def test_broken_sounds_are_named(tmp_path):
    soundfile.write(tmp_path / "good.wav", np.zeros(8000, np.float32), 16_000)
    good = (tmp_path / "good.wav").read_bytes()
    soundfile.write(tmp_path / "good.flac", np.random.default_rng(0).normal(size=8000) / 9, 16_000)
    flac = (tmp_path / "good.flac").read_bytes()
    announcing = int.from_bytes(flac[18:26], "big") | 2**36 - 1  # samples: 256 GiB in memory
    header = b"RIFF\x24\x00\x00\x00WAVEfmt " + struct.pack(
        "<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16
    )
    contents = {
        "zero.wav": b"",
        "text.wav": b"not a sound",
        "truncated.wav": good[: len(good) // 2],
        "no_samples.wav": header + b"data\x00\x00\x00\x00",
        "truncated.flac": flac[: len(flac) // 2],
        "vast.flac": flac[:18] + announcing.to_bytes(8, "big") + flac[26:],
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BrokenFileError, match=name) as caught:
            read_audio(tmp_path / name)
        assert "0x" not in str(caught.value), "an address would change from run to run"
        assert "\n" not in str(caught.value)
    nan = np.full(800, np.nan, np.float32)
    soundfile.write(tmp_path / "nan.wav", nan, 16_000, subtype="FLOAT")
    with pytest.raises(BrokenFileError, match="not finite"):
        read_audio(tmp_path / "nan.wav")


def test_a_sound_too_short_to_hear_is_named_at_any_rate(tmp_path):
    assert SHORTEST_SOUND_S == HOP / RATE_HZ
    for rate_hz in (8_000, 96_000):
        least = int(SHORTEST_SOUND_S * rate_hz)
        for length in (1, least - 1, least):
            soundfile.write(tmp_path / f"{length}.wav", np.full(length, 0.5), rate_hz)
        assert len(read_audio(tmp_path / f"{least}.wav")[0]) == least
        for length in (1, least - 1):
            with pytest.raises(BrokenFileError, match=rf"{length} samples? at {rate_hz} Hz"):
                read_audio(tmp_path / f"{length}.wav")


@pytest.mark.parametrize("rate_hz", [0, 1, 999, 1_000_001, 2**31 - 1])
def test_a_rate_that_no_sound_has_is_a_damaged_header(tmp_path, rate_hz):
    file = tmp_path / "header.wav"
    soundfile.write(file, np.full(8000, 0.5), 16_000)
    whole = file.read_bytes()
    file.write_bytes(whole[:24] + struct.pack("<I", rate_hz) + whole[28:])
    with pytest.raises(BrokenFileError, match=r"header\.wav: (its header says|is not a sound)"):
        read_audio(file)


def test_arrays_are_read_and_never_unpickled(tmp_path):
    np.save(tmp_path / "good.npy", np.arange(6.0).reshape(2, 3))
    assert read_array(tmp_path / "good.npy").shape == (2, 3)
    good = (tmp_path / "good.npy").read_bytes()
    np.save(tmp_path / "object.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "words.npy", np.array(["a", "b"]))
    np.save(tmp_path / "nan.npy", np.array([1.0, np.nan]))
    np.savez(tmp_path / "archive", a=np.zeros(3))
    (tmp_path / "archive.npz").rename(tmp_path / "archive.npy")
    (tmp_path / "zero.npy").write_bytes(b"")
    (tmp_path / "text.npy").write_text("1 2 3")
    (tmp_path / "truncated.npy").write_bytes(good[:-8])
    (tmp_path / "header.npy").write_bytes(good.replace(b"(2, 3), }", b"(2, 3, [("))
    (tmp_path / "zip.npy").write_bytes(b"PK\x03\x04" + bytes(100))
    names = ("object", "words", "nan", "archive", "zero", "text", "truncated", "missing")
    for name in (*names, "header", "zip"):
        with pytest.raises(BrokenFileError, match=f"{name}.npy") as caught:
            read_array(tmp_path / f"{name}.npy")
        assert "pickle" not in str(caught.value), "nobody should be led to allow that"
