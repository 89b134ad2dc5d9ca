"""Small Hugging Face data sets on disk. Shared by tests."""

import io
from pathlib import Path

import datasets
import numpy as np
import soundfile
from PIL import Image

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


def picture(colour: str, shade: int) -> bytes:
    """A PNG of its own shade of a colour."""
    stream = io.BytesIO()
    values = tuple(max(0, value - shade) for value in COLOURS[colour])
    Image.new("RGB", (20, 20), values).save(stream, format="PNG")
    return stream.getvalue()


def sound(pitch: int) -> bytes:
    """A second of a FLAC at 8 kHz."""
    stream = io.BytesIO()
    wave = 0.5 * np.sin(2 * np.pi * pitch * np.arange(8000) / 8000)
    soundfile.write(stream, wave, 8000, format="FLAC")
    return stream.getvalue()


def pictures(count: int, first: int = 0) -> datasets.Dataset:
    """`count` pictures of each colour, with a `ClassLabel`."""
    rows = [(c, first + n) for c in COLOURS for n in range(count)]
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=sorted(COLOURS))}
    )
    return datasets.Dataset.from_dict(
        {
            "image": [{"bytes": picture(c, n), "path": f"{c}_{n}.png"} for c, n in rows],
            "label": [c for c, _ in rows],
        },
        features=features,
    )


def sounds(count: int, first: int = 0) -> datasets.Dataset:
    """`count` tones of two classes, whose names are strings."""
    rows = [(low, 100 + 400 * (not low) + first + n) for low in (True, False) for n in range(count)]
    columns = {
        "audio": [{"bytes": sound(pitch), "path": None} for _, pitch in rows],
        "tone": ["low" if low else "high" for low, _ in rows],
    }
    # cast, not encoded: encoding asks for a codec that this project does without
    return datasets.Dataset.from_dict(columns).cast_column("audio", datasets.Audio(decode=False))


def put_parquet(root: Path, **splits: datasets.Dataset) -> Path:
    """As on the hub: data/<split>-00000-of-00001.parquet."""
    (root / "data").mkdir(parents=True)
    for split, rows in splits.items():
        rows.to_parquet(root / "data" / f"{split}-00000-of-00001.parquet")
    return root
