"""What is wrong with a folder of numbered recordings, a line each."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nsca.data.custom_layout import SUFFIXES, Sample, count_files, gaps
from nsca.data.custom_moments import mean_reading
from nsca.data.file_selection import COPY, same_bytes
from nsca.data.media import BrokenFileError, read_image
from nsca.data.media_loading import check_sound

COPIED = ("image", "audio")  # a body at rest reads the same everywhere, and is no copy


def custom_problems(
    path: Path,
    samples: Mapping[str, Sequence[Sample]],
    every_train: Sequence[Sample],
    image_size: int,
) -> list[str]:
    """Open every file of `samples` (by split); one line for what some classes lack and others
    have, for each file that is broken or silent, for what is held out and also in `every_train`,
    and for body readings whose shape is not the usual one.
    """
    broken: dict[Path, str] = {}
    widths: dict[Path, int] = {}
    for part in samples.values():
        for sample in part:
            for modality, file in sample.files.items():
                try:
                    if modality == "image":
                        read_image(file, image_size)
                    elif modality == "audio":
                        check_sound(file)
                    else:
                        widths[file] = len(mean_reading(file))
                except BrokenFileError as error:
                    broken[file] = str(error)
    held_out = [sample for split, part in samples.items() if split != "train" for sample in part]
    return [
        *(f"{path}: {gap}" for gap in gaps(count_files(samples), SUFFIXES)),
        *broken.values(),
        *(
            f"{file}: {COPY}"
            for modality in COPIED
            for file in sorted(copies(_files_of(held_out, modality), every_train, modality))
            if file not in broken
        ),
        *_unusual(widths),
    ]


def _files_of(samples: Sequence[Sample], modality: str) -> list[Path]:
    """The files of a modality, of the samples that have it."""
    return [sample.files[modality] for sample in samples if modality in sample.files]


def copies(files: list[Path], every_train: Sequence[Sample], modality: str) -> set[Path]:
    """Those of these files of a modality that are in train as well."""
    return same_bytes(files, _files_of(every_train, modality))


def _unusual(widths: Mapping[Path, int]) -> list[str]:
    counts = list(widths.values())
    usual = max(sorted(set(counts)), key=counts.count, default=0)
    return [
        f"{file}: holds {width} values a reading where most hold {usual}"
        for file, width in widths.items()
        if width != usual
    ]
