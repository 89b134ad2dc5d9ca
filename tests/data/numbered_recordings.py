"""Numbered recordings on disk: pictures, sounds and readings of the body."""

from pathlib import Path

import numpy as np
import soundfile
from PIL import Image


def record(folder: Path, number: int, modalities: str = "iap") -> None:
    """Pictures and sounds of each part differ from those of the others."""
    folder.mkdir(parents=True, exist_ok=True)
    part = sum(map(ord, folder.parent.name)) % 97
    if "i" in modalities:
        picture = Image.new("RGB", (20, 20), (number * 20, part, 0))
        picture.save(folder / f"image_{number:03d}.png")
    if "a" in modalities:
        wave = np.full(1600, 0.1 + part / 1000)
        soundfile.write(folder / f"audio_{number:03d}.wav", wave, 16_000)
    if "p" in modalities:
        np.save(folder / f"proprio_{number:03d}.npy", np.zeros((5, 7), np.float32))


def tone(file: Path, rate_hz: int, channels: int = 1, seconds: float = 0.5) -> None:
    """A tone of 440 Hz, half as loud as can be, of another phase in each part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    begin = sum(map(ord, file.parent.parent.name)) % 97
    wave = 0.5 * np.sin(begin + 2 * np.pi * 440 * np.arange(int(rate_hz * seconds)) / rate_hz)
    soundfile.write(file, np.repeat(wave[:, None], channels, axis=1), rate_hz)
