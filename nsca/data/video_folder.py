"""Videos in folders as clips of frames in time (layouts: `folder_listing`).

Whole videos are held out, never frames of one. Where a class is not in both parts there are no
labels. How pictures are taken from a video: `video_reading`. They are held in memory as uint8.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nsca.data.folder_listing import VIDEOS
from nsca.data.folders import check_image_size
from nsca.data.labelled_folder import LabelledFolder
from nsca.data.media import BrokenFileError
from nsca.data.source import Frames, ProbeLabel, Split
from nsca.data.video_reading import load_videos, read_video
from nsca.errors import UserError


class VideoFolder(LabelledFolder):
    """Frames, and labels where there are any, from a folder of videos.

    Args:
        path, val_fraction, seed, fraction, max_broken: see `LabelledFolder`.
        image_size: side of the square pictures, pixels.
        frames_per_s: pictures taken of a second of video.
        max_frames: the most pictures of one video, from its beginning.

    Raises:
        UserError: see `LabelledFolder`; a rate or a number of pictures without neighbours in time.
    """

    name = "video_folder"
    kind = VIDEOS
    has_time = True

    def __init__(
        self,
        path: str | Path | None,
        image_size: int = 64,
        frames_per_s: float = 5.0,
        max_frames: int = 300,
        val_fraction: float = 0.2,
        seed: int = 0,
        fraction: float = 1.0,
        max_broken: float = 0.01,
    ) -> None:
        check_image_size(image_size)
        if not frames_per_s > 0:
            raise UserError(f"data.frames_per_s={frames_per_s} is not above 0", "choose 5")
        if max_frames < 2:
            raise UserError(
                f"data.max_frames={max_frames} leaves no neighbours in time", "choose 2 or more"
            )
        self.image_size = image_size
        self.frames_per_s = frames_per_s
        self.max_frames = max_frames
        super().__init__(
            path,
            sizes=(image_size, frames_per_s, max_frames),
            val_fraction=val_fraction,
            seed=seed,
            fraction=fraction,
            max_broken=max_broken,
        )

    def read(
        self, paths: Sequence[Path], what: str
    ) -> tuple[np.ndarray, list[int], list[BrokenFileError]]:
        return load_videos(
            paths, self.image_size, self.frames_per_s, self.max_frames, self.max_broken, what
        )

    def check(self, path: Path) -> None:
        read_video(path, self.image_size, self.frames_per_s, self.max_frames)

    def frames(self, split: Split) -> Frames:
        """The pictures of a split; every video is a clip.

        Raises:
            UserError: see `load`.
        """
        images, _, files = self.load(split)
        return Frames(images=images, clip=files)

    def probe_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """See `label`."""
        return self.label(split)
