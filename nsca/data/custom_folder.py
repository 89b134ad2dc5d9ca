"""Your own recordings: numbered pictures, sounds and body readings that belong together by their
number.

    train/<class>/image_001.jpg  audio_001.wav  proprio_001.npy
    val/<class>/...

Any subset of the modalities may be there, and a sample may lack some of them. `image_001` and
`audio_001` of one class folder are one sample; the same number twice for one modality is refused.
Vision reads the pictures, audio the sounds, fusion all of it as moments (`custom_moments.py`);
`problems` opens every file.
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from nsca.data.custom_layout import (
    EXAMPLES,
    LAYOUT,
    SUFFIXES,
    Sample,
    count_files,
    first_share,
    gaps,
    read_part,
)
from nsca.data.custom_moments import (
    PAIRINGS,
    Recorded,
    body_readings,
    moments_of,
)
from nsca.data.custom_problems import COPIED, copies, custom_problems
from nsca.data.file_selection import fingerprint_of
from nsca.data.folders import (
    check_image_size,
    check_seconds,
    check_share_ranges,
    existing_folder,
    visible,
    wrong_layout,
)
from nsca.data.media import BrokenFileError
from nsca.data.media_loading import load_images, load_sounds
from nsca.data.moments import Moments
from nsca.data.source import Frames, ProbeLabel, Sounds, Split
from nsca.errors import UserError
from nsca.notice import notice

SENSES = {"image": "vision", "audio": "audio", "proprio": "proprioception"}


class CustomFolder:
    """Frames, sounds, moments and labels of a folder of numbered recordings.

    Args:
        path: the folder with train/ and val/.
        image_size: side of the square pictures, pixels.
        seconds: of each piece of sound (see `load_sounds`).
        fraction: share of the training samples to use, a class at a time, in (0, 1]; val stays
            whole.
        max_broken: largest tolerated share of unreadable pictures, and of sounds, in [0, 1].
        pairing: which senses of moments belong together, see `nsca.data.custom_moments`.

    Raises:
        UserError: no path, nothing there, a wrong layout, one number twice, a number outside its
        range, or no such pairing.
    """

    name = "custom_folder"
    has_time = False

    def __init__(
        self,
        path: str | Path | None,
        image_size: int = 64,
        seconds: float = 1.0,
        fraction: float = 1.0,
        max_broken: float = 0.01,
        pairing: str = "number",
    ) -> None:
        self.path = existing_folder(path, "custom_folder")
        check_image_size(image_size)
        check_seconds(seconds)
        check_share_ranges(fraction, max_broken)
        self.image_size = image_size
        self.seconds = seconds
        self.max_broken = max_broken
        if pairing not in PAIRINGS:
            raise UserError(f"data.pairing={pairing}", f"one of {', '.join(PAIRINGS)}")
        self.pairing = pairing
        if not visible(self.path):
            raise UserError(f"data.path={self.path} is empty", f"put recordings there as {LAYOUT}")
        self.samples: dict[str, list[Sample]] = {}
        for split in ("train", "val", "test"):
            part = self.path / split
            if part.is_dir():
                self.samples[split] = read_part(part, self.path)
            elif split != "test":
                raise wrong_layout(
                    self.path, LAYOUT, f"no {split}/", f"put recordings under {split}/<class>/"
                )
        known = {sample.label for sample in self.samples["train"]}
        extra = sorted({s.label for part in self.samples.values() for s in part} - known)
        if extra:
            raise wrong_layout(
                self.path,
                "the same classes in every part",
                f"classes that train lacks: {', '.join(extra[:5])}",
                "add them to train/ or remove them",
            )
        self._every_train = self.samples["train"]
        self.samples["train"] = first_share(self._every_train, fraction)
        self.classes = sorted(known)
        self.broken: dict[str, list[BrokenFileError]] = {}
        self._loaded: dict[tuple[str, str], Recorded] = {}

    def modalities(self) -> dict[str, int]:
        """How many training samples have each modality; 1,000 samples with 990 sounds have 10
        without.
        """
        train = self.samples["train"]
        return {name: sum(name in sample.files for sample in train) for name in SUFFIXES}

    def counts(self) -> dict[str, dict[str, int]]:
        """How many files of each modality the class folders have, see `count_files`."""
        return count_files(self.samples)

    def fingerprint(self) -> str:
        """sha256 over split, class, path and content of every file, and the sizes read at."""
        return fingerprint_of(
            [
                (split, sample.label, file)
                for split, part in self.samples.items()
                for sample in part
                for file in sample.files.values()
            ],
            self.path,
            self.image_size,
            self.seconds,
        )

    @property
    def held_out(self) -> tuple[Split, ...]:
        """`val`, and `test` where the folder has one."""
        return ("val", "test") if "test" in self.samples else ("val",)

    def frames(self, split: Split) -> Frames:
        """The pictures of a split in the order of class and number; samples without a picture are
        left out.

        Raises:
            UserError: no such split, no picture in it, or too many broken ones.
        """
        self._tell_gaps(["image"])
        images = self._load(split, "image").rows
        return Frames(images=images, clip=np.arange(len(images)))

    def probe_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """`label`: the class as its position in `classes`; every picture is an object of its
        own.
        """
        return {"label": self._label(split, self._load(split, "image").sample)}

    def sounds(self, split: Split) -> Sounds:
        """The pieces of the sounds of a split, in the order of class and number.

        Raises:
            UserError: no such split, no sound in it, or too many broken ones.
        """
        self._tell_gaps(["audio"])
        return Sounds(self._load(split, "audio").rows)

    def sound_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """`label`: the class as its position in `classes`; the pieces of a file belong together."""
        return {"label": self._label(split, self._load(split, "audio").sample)}

    def moments(self, split: Split) -> Moments:
        """Every sample of a split with the senses it has; by label, every file.

        Raises:
            UserError: no such split, too many broken pictures or sounds, body readings that cannot
                be used, or training files of which no two belong together.
        """
        self._tell_gaps(SUFFIXES)
        found, _ = self._moments(split)
        if split == "train" and found.completed(0).there().sum(axis=1).max(initial=0) < 2:
            counts = ", ".join(f"{name} {count}" for name, count in self.modalities().items())
            raise UserError(
                f"{self.path / split}: no two senses belong together (files: {counts})",
                "give what was recorded together one number; data.pairing=label where a class has "
                "several senses",
            )
        return found

    def moment_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """`label`: the class as its position in `classes`; the files of a sample belong
        together.
        """
        return {"label": self._label(split, self._moments(split)[1])}

    def problems(self) -> list[str]:
        """Open every file, see `custom_problems`."""
        return custom_problems(self.path, self.samples, self._every_train, self.image_size)

    def _tell_gaps(self, modalities: Collection[str]) -> None:
        """Say once which classes have no file of a modality that is asked for."""
        if found := gaps(self.counts(), modalities):
            notice(
                f"{self.path}: {'; '.join(found)}; by a sense that it lacks, a class is not "
                "learned (train) or not judged (val, test)"
            )

    def _moments(self, split: Split) -> tuple[Moments, Int64[np.ndarray, " moment"]]:
        samples = self.samples.get(split, [])
        having = {name for sample in samples for name in sample.files}
        if not having:
            raise UserError(f"{self.path} holds no {split}/", f"put recordings there as {LAYOUT}")
        recorded = {SENSES[name]: self._load(split, name) for name in SENSES if name in having}
        codes = np.array([self.classes.index(sample.label) for sample in samples], np.int64)
        true = self.pairing == "shuffled" and split != "train"
        return moments_of(recorded, codes, "label" if true else self.pairing)

    def _label(self, split: Split, samples: Int64[np.ndarray, " row"]) -> ProbeLabel:
        codes = [self.classes.index(self.samples[split][number].label) for number in samples]
        groups = np.unique(samples, return_inverse=True)[1]
        return ProbeLabel(np.array(codes, np.int64), "class", groups)

    def _held_out(self, split: str, modality: str, having: list[int]) -> list[int]:
        """Those of these samples whose file of a modality is not in train as well."""
        files = {number: self.samples[split][number].files[modality] for number in having}
        found = copies(list(files.values()), self._every_train, modality)
        left = [number for number, file in files.items() if file not in found]
        one, _ = EXAMPLES[modality]
        if not left:
            raise UserError(
                f"every {one} of {self.path / split} is also in train",
                "hold out recordings that are not learned from",
            )
        if found:
            some = ", ".join(file.name for file in sorted(found)[:5])
            notice(f"{self.path / split}: left out what is also in train ({one}: {some})")
        return left

    def _load(self, split: str, modality: str) -> Recorded:
        if (split, modality) in self._loaded:
            return self._loaded[split, modality]
        samples = self.samples.get(split, [])
        having = [number for number, sample in enumerate(samples) if modality in sample.files]
        if not having:
            one, example = EXAMPLES[modality]
            raise UserError(
                f"{self.path / split} holds no {one}", f"add {split}/<class>/{example} to it"
            )
        if split != "train" and modality in COPIED:
            having = self._held_out(split, modality, having)
        paths = [samples[number].files[modality] for number in having]
        what = f"{self.path} {split}"
        kept, broken = list(range(len(paths))), []
        if modality == "image":
            rows, kept, broken = load_images(paths, self.image_size, self.max_broken, what)
        elif modality == "audio":
            rows, kept, broken = load_sounds(paths, self.seconds, self.max_broken, what)
        else:
            rows = body_readings(paths)
        self.broken.setdefault(split, []).extend(broken)
        found = Recorded(rows, np.array(having, np.int64)[kept])
        self._loaded[split, modality] = found
        return found
