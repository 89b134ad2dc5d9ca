"""Sounds in folders (layouts: `folder_listing`), of any rate, length and channel count."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nsca.data.folder_listing import SOUNDS
from nsca.data.folders import check_seconds
from nsca.data.labelled_folder import LabelledFolder
from nsca.data.media import BrokenFileError
from nsca.data.media_loading import check_sound, load_sounds
from nsca.data.source import ProbeLabel, Sounds, Split


class AudioFolder(LabelledFolder):
    """Sounds, and labels where there are any, from a folder; how they are cut: `load_sounds`.

    Args:
        path, val_fraction, seed, fraction, max_broken: see `LabelledFolder`.
        seconds: of each piece.

    Raises:
        UserError: see `LabelledFolder`; pieces too short to hear anything in.
    """

    name = "audio_folder"
    kind = SOUNDS

    def __init__(
        self,
        path: str | Path | None,
        seconds: float = 1.0,
        val_fraction: float = 0.2,
        seed: int = 0,
        fraction: float = 1.0,
        max_broken: float = 0.01,
    ) -> None:
        check_seconds(seconds)
        self.seconds = seconds
        super().__init__(
            path,
            sizes=(seconds,),
            val_fraction=val_fraction,
            seed=seed,
            fraction=fraction,
            max_broken=max_broken,
        )

    def read(
        self, paths: Sequence[Path], what: str
    ) -> tuple[np.ndarray, list[int], list[BrokenFileError]]:
        return load_sounds(paths, self.seconds, self.max_broken, what, self.content)

    def check(self, path: Path) -> None:
        check_sound(path, self.content)

    def sounds(self, split: Split) -> Sounds:
        """The pieces of a split.

        Raises:
            UserError: see `load`.
        """
        return Sounds(self.load(split)[0])

    def sound_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """See `label`."""
        return self.label(split)
