"""Labelled pictures or sounds of a Hugging Face data set on this disk (`huggingface_tables`).

What is true of folders is true of it: a share is held out where there is no validation part, copies
of training rows are not held out, broken rows are named and skipped, labels reach probes alone.
"""

import re
from hashlib import sha256
from pathlib import Path

from nsca.data.audio_folder import AudioFolder
from nsca.data.file_store import Store
from nsca.data.folders import existing_folder
from nsca.data.huggingface_rows import RowStore
from nsca.data.huggingface_tables import label_column_of, read_parts, typed_column
from nsca.data.image_folder import ImageFolder
from nsca.data.labelled_folder import LabelledFolder
from nsca.data.media import BrokenFileError
from nsca.data.source import Frames, ProbeLabel, Sounds, Split
from nsca.errors import UserError

HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


class _Pictures(ImageFolder):
    name = "huggingface"

    def __init__(
        self,
        rows: RowStore,
        image_size: int,
        val_fraction: float,
        seed: int,
        fraction: float,
        max_broken: float,
    ) -> None:
        self._rows = rows
        super().__init__(rows.path, image_size, val_fraction, seed, fraction, max_broken)

    def store(self, path: str | Path | None) -> Store:
        return self._rows


class _Sounds(AudioFolder):
    name = "huggingface"

    def __init__(
        self,
        rows: RowStore,
        seconds: float,
        val_fraction: float,
        seed: int,
        fraction: float,
        max_broken: float,
    ) -> None:
        self._rows = rows
        super().__init__(rows.path, seconds, val_fraction, seed, fraction, max_broken)

    def store(self, path: str | Path | None) -> Store:
        return self._rows


class HuggingFace:
    """Frames or sounds, and labels, of a saved data set or of Parquet or Arrow files.

    Args:
        path: the folder; a name on the hub is refused.
        image_column, audio_column: that hold pictures and sounds; None for the only one of its
            kind, if there is one.
        label_column: of classes; None for the only `ClassLabel`, or one called label.
        image_size: side of the square pictures, pixels.
        seconds: of each piece of sound (see `load_sounds`).
        val_fraction, seed, fraction, max_broken: see `LabelledFolder`.

    Raises:
        UserError: no path, nothing there, no table that can be read, no column of pictures or
            sounds, no classes, or a number outside its range.
    """

    name = "huggingface"
    has_time = False

    def __init__(
        self,
        path: str | Path | None,
        image_column: str | None = None,
        audio_column: str | None = None,
        label_column: str | None = None,
        image_size: int = 64,
        seconds: float = 1.0,
        val_fraction: float = 0.2,
        seed: int = 0,
        fraction: float = 1.0,
        max_broken: float = 0.01,
    ) -> None:
        self.path = _local(path)
        parts = read_parts(self.path)
        image = typed_column(parts, "Image", "image_column", image_column, self.path)
        audio = typed_column(parts, "Audio", "audio_column", audio_column, self.path)
        if image is None and audio is None:
            raise UserError(
                f"{self.path} has the columns {', '.join(parts[0].features)}, and none that is "
                "marked as pictures or sounds",
                "data.image_column=<name> or data.audio_column=<name>",
            )
        labels = label_column_of(parts, label_column, self.path)
        shares = (val_fraction, seed, fraction, max_broken)
        self._pictures: _Pictures | None = None
        self._sounds: _Sounds | None = None
        if image is not None:
            rows = RowStore(self.path, parts, image, labels)
            self._pictures = _Pictures(rows, image_size, *shares)
        if audio is not None:
            self._sounds = _Sounds(RowStore(self.path, parts, audio, labels), seconds, *shares)
        self._all: list[LabelledFolder] = [e for e in (self._pictures, self._sounds) if e]
        self.classes = self._all[0].classes
        self.files = self._all[0].files

    @property
    def held_out(self) -> tuple[Split, ...]:
        """`val`, and `test` where there is such a part."""
        return self._all[0].held_out

    @property
    def broken(self) -> dict[str, list[BrokenFileError]]:
        """Rows that could not be read, of the parts that were loaded."""
        return {
            split: [file for each in self._all for file in each.broken.get(split, [])]
            for split in dict.fromkeys(split for each in self._all for split in each.broken)
        }

    def fingerprint(self) -> str:
        """sha256 over split, class, place and content of every row, and the sizes read at; of
        pictures and sounds both where there are both.
        """
        prints = [each.fingerprint() for each in self._all]
        return prints[0] if len(prints) == 1 else sha256(" ".join(prints).encode()).hexdigest()

    def problems(self) -> list[str]:
        """Open every row, see `LabelledFolder.problems`."""
        return [line for each in self._all for line in each.problems()]

    def frames(self, split: Split) -> Frames:
        """See `ImageFolder`. Raises UserError where there are no pictures, too."""
        return self._of_pictures().frames(split)

    def probe_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """See `ImageFolder`."""
        return self._of_pictures().probe_labels(split)

    def sounds(self, split: Split) -> Sounds:
        """See `AudioFolder`. Raises UserError where there are no sounds, too."""
        return self._of_sounds().sounds(split)

    def sound_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """See `AudioFolder`."""
        return self._of_sounds().sound_labels(split)

    def _of_pictures(self) -> _Pictures:
        if self._pictures is None:
            raise UserError(
                f"{self.path} has no column of pictures", "phase=audio, or data.image_column=<name>"
            )
        return self._pictures

    def _of_sounds(self) -> _Sounds:
        if self._sounds is None:
            raise UserError(
                f"{self.path} has no column of sounds", "phase=vision, or data.audio_column=<name>"
            )
        return self._sounds


def _local(path: str | Path | None) -> Path:
    """The folder. Raises UserError for what is none; of a name on the hub with the way to it."""
    if path and not Path(path).expanduser().exists() and HUB_NAME.fullmatch(str(path)):
        kept = f"outputs/hub/{Path(path).name}"
        raise UserError(
            f"data.path={path} does not exist here, and nothing is ever downloaded",
            'check the spelling; if it is a name on the hub: python -c "import datasets; '
            f"datasets.load_dataset('{path}').save_to_disk('{kept}')\", then data.path={kept}",
        )
    return existing_folder(path, "huggingface")
