"""Are frames that are near in time near in feature space, on clips never trained on?

The measure is the slowness of slow feature analysis (Wiskott and Sejnowski 2002): Delta, the mean
squared change of features of unit variance from a frame to the next. It is given as 1 - Delta / 2,
which is the features' autocorrelation over one frame: 1 where nothing changes from frame to frame,
0 where the next frame is no nearer than any other of its clip, and below 0 where it is farther.

The variance is that within clips, summed over features: what tells clips apart (place, person,
light) stands still in any features and counts for nothing. Beside the trained encoder stand its
untrained twin and raw pixels; `shuffled` (trained features, the frames of each clip in random
order) is the control that must be near 0. How far apart frames are is a setting of the data, so
figures of different rates do not compare.

Slow is not the same as useful: features that forget all but the slowest motion are slow, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int, Int64

from nsca.benchmarks.benchmark import JudgedRun
from nsca.benchmarks.encoders import frame_source, frozen, untrained_encoder, vision_encoder
from nsca.benchmarks.quantity_probes import check_at_least
from nsca.benchmarks.scores import CLEAN, Encoder, Score
from nsca.benchmarks.visible_quantities import pixels
from nsca.data.sample_order import clip_bounds
from nsca.data.source import FrameSource
from nsca.errors import UserError

AUTOCORRELATION = "autocorrelation"  # the measure
QUANTITY = "next_frame"


class TemporalConsistency:
    """The benchmark with its budget.

    Args:
        clips: at most so many clips of each held-out part are judged, drawn with the seed.

    Raises:
        UserError: no clip.
    """

    judges: ClassVar[frozenset[str]] = frozenset({"vision", "full"})
    row: ClassVar[type] = Score

    def __init__(self, clips: int) -> None:
        check_at_least("clips", clips, 1)
        self.clips = clips

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
        """Every figure by its name."""
        return {row.name: row.value for row in rows}

    def run(
        self, encoders: Mapping[str, Encoder], source: FrameSource, seed: int = 0
    ) -> list[Score]:
        """Judge every encoder and raw pixels on the same clips.

        Args:
            encoders: by name; `trained` is also judged on shuffled frames.
            source: frames in time.
            seed: of the choice of clips and the order of shuffled frames.

        Raises:
            UserError: the source has no time, or nothing moves in its held-out clips.
        """
        if not source.has_time:
            raise UserError(
                f"data={source.name} has no frames that follow each other",
                "give a run of data=video_folder or data=babbling, or choose such data",
            )
        scores = []
        for split in source.held_out:
            frames = source.frames(split)
            rows = _some_clips(frames.clip, self.clips, seed)
            images, clip = frames.images[rows], frames.clip[rows]
            if not moves(pixels(images), clip):
                raise UserError(
                    f"nothing moves in the {split} clips of {source.name}",
                    "clips of two or more different frames are needed",
                )
            found = {name: encode(images) for name, encode in encoders.items()}
            found["pixels"] = pixels(images)
            orders = {name: np.arange(len(clip)) for name in found}
            if "trained" in found:
                found["shuffled"] = found["trained"]
                orders["shuffled"] = _shuffled(clip, seed)
            scores += [
                Score(
                    split=split,
                    protocol="transfer",
                    quantity=QUANTITY,
                    features=name,
                    measure=AUTOCORRELATION,
                    corruption=CLEAN,
                    severity=0,
                    value=autocorrelation(features[orders[name]], clip),
                    chance=0.0,
                    fit_rows=0,
                    test_rows=len(clip),
                    unseen=0.0,
                )
                for name, features in found.items()
            ]
        return scores


def autocorrelation(
    features: Float[np.ndarray, "frame feature"], clip: Int[np.ndarray, " frame"]
) -> float:
    """1 - (sum of squared steps) / (2 * sum of squares about the clip's mean), over all clips.

    Of frames in random order the expectation is 0 whatever the length of the clips; where nothing
    changes at all it is 0, too.

    Args:
        features: of frames, the frames of a clip adjacent and in time order.
        clip: number of each frame's clip.
    """
    x = features.astype(np.float64)
    same = clip[1:] == clip[:-1]
    steps = ((x[1:] - x[:-1])[same] ** 2).sum()
    spread = (_about_clip_means(x, clip) ** 2).sum()
    return 1.0 - float(steps / (2 * spread)) if spread > 0 else 0.0


def moves(features: Float[np.ndarray, "frame feature"], clip: Int[np.ndarray, " frame"]) -> bool:
    """Whether any frame differs from another one of its clip."""
    same = clip[1:] == clip[:-1]
    return bool((features[1:] != features[:-1])[same].any())


def _about_clip_means(
    x: Float[np.ndarray, "frame feature"], clip: Int[np.ndarray, " frame"]
) -> Float[np.ndarray, "frame feature"]:
    first, last = clip_bounds(clip)
    starts = np.unique(first)
    means = np.add.reduceat(x, starts, axis=0) / (last - first + 1)[starts][:, None]
    return x - means[np.searchsorted(starts, first)]


def _some_clips(clip: Int[np.ndarray, " frame"], most: int, seed: int) -> Int64[np.ndarray, " row"]:
    """All rows of at most `most` clips, in their order."""
    numbers = np.unique(clip)
    chosen = np.random.default_rng([seed, len(numbers)]).permutation(numbers)[:most]
    return np.flatnonzero(np.isin(clip, chosen))


def _shuffled(clip: Int[np.ndarray, " frame"], seed: int) -> Int64[np.ndarray, " frame"]:
    """An order in which the frames of each clip stay together and lose their time."""
    random = np.random.default_rng([seed, 1])
    return np.lexsort((random.permutation(len(clip)), clip_bounds(clip)[0]))
