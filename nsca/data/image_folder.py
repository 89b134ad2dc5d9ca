"""Labelled photographs in folders as frames without time (layouts: `folder_listing`).

Pictures are cropped to the middle square and held in memory as uint8. Labels reach probes alone.
Pictures with the same bytes as a training picture are left out of val and test, because a copy is
not held out.
"""

import logging
from pathlib import Path

import numpy as np

from nsca.data.batch import Frames, ProbeLabel, Split
from nsca.data.file_selection import fingerprint_of, hold_out, same_bytes, thin
from nsca.data.folder_listing import list_images
from nsca.data.folders import check_ranges, existing_folder
from nsca.data.media import BrokenFileError, load_images
from nsca.errors import UserError

_log = logging.getLogger(__name__)


class ImageFolder:
    """Frames and labels from a folder of labelled pictures.

    Args:
        path: the folder.
        image_size: side of the square pictures, pixels.
        val_fraction: share of each class held out when the folder has no val part, in (0, 1).
        seed: which pictures that share and `fraction` take.
        fraction: share of the training pictures to use, a class at a time, in (0, 1]; val and test
            stay whole.
        max_broken: largest tolerated share of unreadable files, in [0, 1].

    Raises:
        UserError: no path, nothing there, a wrong layout, or a number outside its range.
    """

    name = "image_folder"
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
        self.path = existing_folder(path, "image_folder")
        check_ranges(image_size, fraction, max_broken)
        if not 0 < val_fraction < 1:
            raise UserError(
                f"data.val_fraction={val_fraction} is not in (0, 1)", "data.val_fraction=0.2"
            )
        self.image_size = image_size
        self.max_broken = max_broken
        files = list_images(self.path)
        if not any(file.split == "val" for file in files):
            files = hold_out(files, val_fraction, seed)
        self._every_train_path = [file.path for file in files if file.split == "train"]
        files = thin(files, fraction, seed)
        self.files = {
            split: [file for file in files if file.split == split]
            for split in ("train", "val", "test")
        }
        self.classes = sorted({file.label for file in files})
        self.broken: dict[str, list[BrokenFileError]] = {}
        self._loaded: dict[str, tuple[Frames, np.ndarray]] = {}

    def fingerprint(self) -> str:
        """sha256 over split, class, path and size in bytes of every file, and the picture size."""
        return fingerprint_of(
            [
                (file.split, file.label, file.path)
                for split in self.files.values()
                for file in split
            ],
            self.path,
            self.image_size,
        )

    def frames(self, split: Split) -> Frames:
        """The pictures of a split; every picture is a clip of its own.

        Raises:
            UserError: the folder has no such split, or too many of its files are broken.
        """
        return self._load(split)[0]

    def probe_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """`label`: the class as its position in `classes`; every picture is an object of its
        own.
        """
        frames, codes = self._load(split)
        return {"label": ProbeLabel(values=codes, kind="class", group=frames.clip)}

    def _load(self, split: str) -> tuple[Frames, np.ndarray]:
        if split not in self._loaded:
            files = self.files[split]
            if not files:
                raise UserError(
                    f"{self.path} has no {split} part", f"add {split}/<class>/*.jpg to it"
                )
            if split != "train":
                copies = same_bytes([file.path for file in files], self._every_train_path)
                if copies:
                    names = ", ".join(path.name for path in sorted(copies)[:5])
                    _log.warning(
                        "%s: left out %d %s pictures that are also in train: %s",
                        self.path,
                        len(copies),
                        split,
                        names,
                    )
                files = [file for file in files if file.path not in copies]
                if not files:
                    raise UserError(
                        f"every {split} picture of {self.path} is also in train",
                        "use other pictures",
                    )
            paths = [file.path for file in files]
            images, kept, broken = load_images(
                paths, self.image_size, self.max_broken, f"{self.path} {split}"
            )
            codes = np.array([self.classes.index(files[row].label) for row in kept], dtype=np.int64)
            self.broken[split] = broken
            self._loaded[split] = (
                Frames(images=images, clip=np.arange(len(kept), dtype=np.int64)),
                codes,
            )
        return self._loaded[split]
