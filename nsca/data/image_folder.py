"""Photographs in folders as frames without time (layouts: `folder_listing`).

Pictures are cropped to the middle square and held in memory as uint8.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nsca.data.folder_listing import PICTURES
from nsca.data.folders import check_image_size
from nsca.data.labelled_folder import LabelledFolder
from nsca.data.media import BrokenFileError, read_image
from nsca.data.media_loading import load_images
from nsca.data.source import Frames, ProbeLabel, Split


class ImageFolder(LabelledFolder):
    """Frames, and labels where there are any, from a folder of pictures.

    Args:
        path, val_fraction, seed, fraction, max_broken: see `LabelledFolder`.
        image_size: side of the square pictures, pixels.

    Raises:
        UserError: see `LabelledFolder`.
    """

    name = "image_folder"
    kind = PICTURES
    has_time = False

    def __init__(
        self,
        path: str | Path | None,
        image_size: int = 64,
        val_fraction: float = 0.2,
        seed: int = 0,
        fraction: float = 1.0,
        max_broken: float = 0.01,
    ) -> None:
        check_image_size(image_size)
        self.image_size = image_size
        super().__init__(
            path,
            sizes=(image_size,),
            val_fraction=val_fraction,
            seed=seed,
            fraction=fraction,
            max_broken=max_broken,
        )

    def read(
        self, paths: Sequence[Path], what: str
    ) -> tuple[np.ndarray, list[int], list[BrokenFileError]]:
        return load_images(paths, self.image_size, self.max_broken, what, self.content)

    def check(self, path: Path) -> None:
        read_image(path, self.image_size, self.content)

    def frames(self, split: Split) -> Frames:
        """The pictures of a split; every picture is a clip of its own.

        Raises:
            UserError: see `load`.
        """
        images, _, files = self.load(split)
        return Frames(images=images, clip=files)

    def probe_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """See `label`; every picture that is in no group is an object of its own."""
        return self.label(split)
