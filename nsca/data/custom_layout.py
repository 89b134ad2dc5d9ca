"""How a folder of numbered recordings is laid out, and which of its files belong together."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from nsca.data.folders import visible, wrong_layout
from nsca.data.media import AUDIO_SUFFIXES, IMAGE_SUFFIXES
from nsca.errors import UserError

LAYOUT = "train/<class>/image_001.jpg, audio_001.wav, proprio_001.npy and val/<class>/..."
SUFFIXES = {"image": IMAGE_SUFFIXES, "audio": AUDIO_SUFFIXES, "proprio": frozenset({".npy"})}
NUMBERED = re.compile(r"(image|audio|proprio)_(\d+)(\.[a-z]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Sample:
    """What was recorded together: class, number, and one file per modality present (image, audio,
    proprio).
    """

    label: str
    number: int
    files: dict[str, Path] = field(hash=False)


def read_part(part: Path, root: Path) -> list[Sample]:
    """The samples of a part, in the order of class and number.

    Args:
        part: its folder, with a folder a class.
        root: the whole set's, for messages.

    Raises:
        UserError: a wrong layout, an empty class, or a number twice for one modality.
    """
    classes = [child for child in visible(part) if child.is_dir()]
    if not classes:
        raise wrong_layout(
            root,
            LAYOUT,
            f"no class folder in {part.name}/",
            f"put the files into {part.name}/<class>/",
        )
    samples = []
    for child in classes:
        members: dict[int, dict[str, Path]] = {}
        for file in visible(child):
            match = NUMBERED.fullmatch(file.name)
            modality = match[1].lower() if match else ""
            if match is None or match[3].lower() not in SUFFIXES[modality]:
                raise wrong_layout(
                    root,
                    "files named image_<number>.jpg, audio_<number>.wav or proprio_<number>.npy",
                    f"{part.name}/{child.name}/{file.name}",
                    "rename it or take it out; for pictures of any name use data=image_folder",
                )
            files = members.setdefault(int(match[2]), {})
            if modality in files:
                raise UserError(
                    f"{file} has the number of {files[modality].name}, so the pairing is not clear",
                    "give each sample a number of its own",
                )
            files[modality] = file
        if not members:
            raise wrong_layout(
                root,
                LAYOUT,
                f"nothing in {part.name}/{child.name}/",
                "fill the folder or remove it",
            )
        samples += [Sample(child.name, number, files) for number, files in sorted(members.items())]
    return samples


def first_share(samples: list[Sample], fraction: float) -> list[Sample]:
    """The first samples of each class, at least one."""
    kept = []
    for label in sorted({sample.label for sample in samples}):
        members = [sample for sample in samples if sample.label == label]
        kept += members[: max(1, round(fraction * len(members)))]
    return kept
