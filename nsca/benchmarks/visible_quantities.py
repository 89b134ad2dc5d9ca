"""Can frozen features tell what is visible: shape, size, pose, visible material, colour?

The protocol is that of `quantity_probes`; raw pixels stand beside the trained and the untrained
encoder. Under corruption the probes stay as fitted on clean pictures and only test pictures change.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from nsca.benchmarks.benchmark import JudgedRun
from nsca.benchmarks.encoders import frame_source, frozen, untrained_encoder, vision_encoder
from nsca.benchmarks.quantity_probes import (
    Corruption,
    Part,
    QuantityProbes,
    Report,
    check_at_least,
)
from nsca.benchmarks.scores import Encoder, Score, flat_metrics
from nsca.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from nsca.data.source import FrameSource, Split
from nsca.errors import UserError


def pixels(images: np.ndarray) -> np.ndarray:
    """The baseline's features: every pixel value in 0..1."""
    return images.reshape(len(images), -1).astype(np.float32) / 255


class VisibleQuantities:
    """The benchmark with its budget.

    Args:
        fit_frames: at most so many training frames fit the probes, drawn with the seed.
        test_frames: at most so many frames of each held-out part are scored.
        corruptions: which corruptions, by name; an empty list for none.
        severities: which severities of each, 1..5.
        corrupted_frames: at most so many frames are scored under each of them.
        raw_pixels: whether raw pixels are judged beside the encoders.
        neighbours: of the kNN on class labels; 0 for no kNN.

    Raises:
        UserError: an unknown corruption or severity, or a budget that is too small.
    """

    judges: ClassVar[frozenset[str]] = frozenset({"vision", "full"})
    row: ClassVar[type] = Score

    def __init__(
        self,
        fit_frames: int,
        test_frames: int,
        corruptions: Sequence[str],
        severities: Sequence[int],
        corrupted_frames: int,
        raw_pixels: bool,
        neighbours: int,
    ) -> None:
        for corruption in corruptions:
            if corruption not in CORRUPTIONS:
                raise UserError(
                    f"unknown corruption {corruption!r}", f"choose from {', '.join(CORRUPTIONS)}"
                )
        for severity in severities:
            if severity not in SEVERITIES:
                raise UserError(f"severity {severity} is not in 1..5", "severities: [1, 3, 5]")
        check_at_least("fit_frames", fit_frames, 2)
        check_at_least("test_frames", test_frames, 2)
        check_at_least("corrupted_frames", corrupted_frames, 1)
        check_at_least("neighbours", neighbours, 0)
        self.probes = QuantityProbes(fit_frames, test_frames, neighbours, corrupted_frames)
        self.conditions = [(c, s) for c in corruptions for s in severities]
        self.raw_pixels = raw_pixels

    def judge(self, run: JudgedRun | None, seed: int, folder: Path) -> Iterator[Sequence[Score]]:
        """See `Benchmark`; the run's encoder beside its untrained twin.

        Raises:
            UserError: a run without vision encoder, data without pictures, or see `run`.
        """
        if run is None:
            raise ValueError("a run is needed")
        trained = vision_encoder(run.phase, run.path)
        twin = untrained_encoder(run.config, "vision")
        encoders = {"trained": frozen(trained), "random": frozen(twin)}
        yield self.run(encoders, frame_source(run.source), seed)

    def metrics(self, rows: Sequence[Score]) -> Mapping[str, float]:
        """See `flat_metrics`."""
        return flat_metrics(rows)

    def run(
        self,
        encoders: Mapping[str, Encoder],
        source: FrameSource,
        seed: int = 0,
        report: Report = print,
    ) -> list[Score]:
        """Judge every encoder, and raw pixels if asked for, on the same frames of the source.

        Args:
            encoders: by name; `trained` is also judged on shuffled labels.
            source: frames and labels.
            seed: of the choice of frames, the validation groups and the corruptions.
            report: see `QuantityProbes.run`.

        Raises:
            UserError: the source has no label that can be probed.
        """

        def part(split: Split) -> Part:
            return source.frames(split).images, source.probe_labels(split)

        return self.probes.run(
            dict(encoders) | ({"pixels": pixels} if self.raw_pixels else {}),
            part,
            source.held_out,
            source.name,
            seed,
            [
                Corruption(name, severity, partial(_corrupted, name, severity, seed))
                for name, severity in self.conditions
            ],
            report,
        )


def _corrupted(name: str, severity: int, seed: int, images: np.ndarray) -> np.ndarray:
    return corrupt(images, name, severity, seed)
