"""How a folder of numbered recordings is laid out, and which of its files belong together."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nsca.data.folders import visible, wrong_layout
from nsca.data.media import AUDIO_SUFFIXES, IMAGE_SUFFIXES
from nsca.errors import UserError

LAYOUT = "train/<class>/image_001.jpg, audio_001.wav, proprio_001.npy and val/<class>/..."
SUFFIXES = {"image": IMAGE_SUFFIXES, "audio": AUDIO_SUFFIXES, "proprio": frozenset({".npy"})}
EXAMPLES = {
    "image": ("picture", "image_001.jpg"),
    "audio": ("sound", "audio_001.wav"),
    "proprio": ("body reading", "proprio_001.npy"),
}
"""What one file of each modality is called, for messages."""
NUMBERED = re.compile(r"(image|audio|proprio)_(\d+)(\.[a-z0-9]+)", re.IGNORECASE)


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
            if match is not None and match[3].lower() not in SUFFIXES[modality]:
                known = ", ".join(sorted(SUFFIXES[modality]))
                raise UserError(
                    f"{file}: a {EXAMPLES[modality][0]} is read from {known} alone",
                    "convert the file or take it out",
                )
            if match is None:
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


def count_files(parts: Mapping[str, Sequence[Sample]]) -> dict[str, dict[str, int]]:
    """How many files of each modality each class folder (`train/cup`) has."""
    counts: dict[str, dict[str, int]] = {}
    for split, samples in parts.items():
        for sample in samples:
            folder = counts.setdefault(f"{split}/{sample.label}", dict.fromkeys(SUFFIXES, 0))
            for modality in sample.files:
                folder[modality] += 1
    return counts


def gaps(counts: Mapping[str, Mapping[str, int]], modalities: Collection[str]) -> list[str]:
    """One phrase for each of these modalities that some class folders of `count_files` have and
    others lack altogether.
    """
    found = []
    for modality in modalities:
        lacking = [folder for folder, files in counts.items() if not files[modality]]
        if 0 < len(lacking) < len(counts):
            verb = "holds" if len(lacking) == 1 else "hold"
            found.append(f"{', '.join(lacking)} {verb} no {EXAMPLES[modality][0]}")
    return found
