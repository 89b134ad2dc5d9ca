"""A source of frames whose visible quantities are known, and features that hold them."""

import numpy as np

from nsca.data.source import Frames, ProbeLabel

SIZE = 16


class Squares:
    """A bright square on grey: its place, size and colour channel are what is visible."""

    name = "squares"
    has_time = True
    held_out = ("val", "test")

    def __init__(self, label_names: tuple[str, ...] = ("channel", "position")) -> None:
        self.label_names = label_names

    def fingerprint(self) -> str:
        return "0" * 64

    def _draw(self, split: str) -> tuple[np.ndarray, dict[str, ProbeLabel]]:
        offset = {"train": 0, "val": 1, "test": 2}[split]
        random = np.random.default_rng(offset)
        objects, views = 60, 4
        channel = np.repeat(random.integers(0, 3, objects), views)
        column = random.integers(0, SIZE - 4, objects * views)
        images = random.integers(90, 110, (objects * views, SIZE, SIZE, 3)).astype(np.uint8)
        for row, (c, x) in enumerate(zip(channel, column, strict=True)):
            images[row, 6:10, x : x + 4, c] = 250
        group = np.repeat(np.arange(objects), views) + 1000 * offset
        labels = {
            "channel": ProbeLabel(channel, "class", group),
            "position": ProbeLabel(column.astype(float), "scalar", group),
        }
        return images, {name: labels[name] for name in self.label_names}

    def frames(self, split: str) -> Frames:
        images = self._draw(split)[0]
        return Frames(images=images, clip=np.arange(len(images)))

    def probe_labels(self, split: str) -> dict[str, ProbeLabel]:
        return self._draw(split)[1]


def knows(images: np.ndarray) -> np.ndarray:
    """Features that hold the answer: brightness by channel and the square's centre of mass."""
    excess = np.clip(images.astype(np.float32) - 130, 0, None)
    by_channel = excess.sum((1, 2))
    columns = excess.sum((1, 3))
    centre = (columns * np.arange(SIZE)).sum(1) / np.maximum(columns.sum(1), 1)
    return np.concatenate([by_channel, centre[:, None]], axis=1)
