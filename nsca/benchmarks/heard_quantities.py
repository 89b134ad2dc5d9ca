"""Can frozen features tell what is heard: what a thing is made of, how hard and how large it is?

The protocol is that of `quantity_probes`. Beside the trained and the untrained encoder stand the
spectrogram's statistics without any encoder, which linear classifiers of short sounds are fed, and
its course: the means of its bands in the four quarters of what is heard.

Of babbling sounds the hidden properties are asked for, too; no training sees them. A sound counts
where it can be heard and one object alone can have made it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from nsca.benchmarks.benchmark import JudgedRun
from nsca.benchmarks.encoders import audio_encoder, frozen, sound_source, untrained_encoder
from nsca.benchmarks.hidden_labels import hidden_labels
from nsca.benchmarks.quantity_probes import Part, QuantityProbes, Report, check_at_least
from nsca.benchmarks.scores import Encoder, Score, flat_metrics
from nsca.data.babbling import Babbling
from nsca.data.source import SoundSource, Split
from nsca.models.audio_encoder import band_course, band_statistics
from nsca.models.log_mel import LogMel

CHUNK = 256  # sounds at once
QUARTERS = 4


class HeardQuantities:
    """The benchmark with its budget.

    Args:
        fit_sounds: at most so many training sounds fit the probes, drawn with the seed.
        test_sounds: at most so many sounds of each held-out part are scored.
        hidden: properties that are asked for where the data knows them (babbling alone).
        bands: of the baselines' spectrogram.
        neighbours: of the kNN on class labels; 0 for no kNN.

    Raises:
        UserError: a budget that is too small.
    """

    judges: ClassVar[frozenset[str]] = frozenset({"audio", "full"})
    row: ClassVar[type] = Score

    def __init__(
        self,
        fit_sounds: int,
        test_sounds: int,
        hidden: Sequence[str],
        bands: int,
        neighbours: int,
    ) -> None:
        check_at_least("fit_sounds", fit_sounds, 2)
        check_at_least("test_sounds", test_sounds, 2)
        check_at_least("neighbours", neighbours, 0)
        self.probes = QuantityProbes(fit_sounds, test_sounds, neighbours)
        self.hidden = list(hidden)
        self.front = LogMel(bands)

    def judge(self, run: JudgedRun | None, seed: int, folder: Path) -> Iterator[Sequence[Score]]:
        """See `Benchmark`; the run's encoder beside its untrained twin.

        Raises:
            UserError: a run without audio encoder, data without sounds, or see `run`.
        """
        if run is None:
            raise ValueError("a run is needed")
        trained = audio_encoder(run.phase, run.path)
        twin = untrained_encoder(run.config, "audio")
        encoders = {"trained": frozen(trained), "random": frozen(twin)}
        yield self.run(encoders, sound_source(run.source), seed)

    def metrics(self, rows: Sequence[Score]) -> Mapping[str, float]:
        """See `flat_metrics`."""
        return flat_metrics(rows)

    def run(
        self,
        encoders: Mapping[str, Encoder],
        source: SoundSource,
        seed: int = 0,
        report: Report = print,
    ) -> list[Score]:
        """Judge every encoder, and what needs none of the spectrogram, on the same sounds.

        Args:
            encoders: by name; `trained` is also judged on shuffled labels.
            source: sounds and labels.
            seed: of the choice of sounds and the validation groups.
            report: see `QuantityProbes.run`.

        Raises:
            UserError: the source has no label that can be probed, or not a hidden property asked
                for.
        """

        def part(split: Split) -> Part:
            labels = source.sound_labels(split)
            if isinstance(source, Babbling):
                labels |= hidden_labels(source, split, labels, self.hidden)
            return source.sounds(split).samples, labels

        judged = dict(encoders) | {
            "statistics": partial(self._spectrogram, band_statistics),
            "course": partial(self._spectrogram, partial(band_course, parts=QUARTERS)),
        }
        return self.probes.run(judged, part, source.held_out, source.name, seed, (), report)

    def _spectrogram(
        self, described: Callable[[Tensor], Tensor], samples: np.ndarray
    ) -> np.ndarray:
        """A baseline's features: what is described of the spectrogram."""
        parts = [
            described(self.front.of_stored(part)) for part in torch.from_numpy(samples).split(CHUNK)
        ]
        return torch.cat(parts).numpy()
