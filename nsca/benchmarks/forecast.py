"""How well an imagination foretells held-out objects, at every horizon, and whether it knows.

Beside it stand keeping the last state (`copy_last`), going on as it moves (`inertia`), and the
prior with the run's own hand and no correction (`prior`), which need no training, and a linear map
fitted on the training part (`linear`, see linear_forecast.py), on windows from all over it, which
are those that the run's own linear map is fitted to; and where the run went on from
trained dynamics, those as they came (`before`): what leaving the phase out would give. The latent
is read in metres, too: by a linear map from true latents to places, fitted on the training part,
and beside what the same map reads from the true latent of that moment (`seen`), which no forecast
of the latent can beat. Of a thing that drives it is not: windows begin at its own place, which no
sense can tell.

What is held out is what the data holds out: `val`, and `test` where there is one.

Doubt is judged as it comes (`trained`), and after one factor on all deviations, one a quantity and
a horizon, from other objects (`scaled`): on `test` after factors fitted on the whole of `val`; on
`val`, or where nothing else is held out, on one half of the objects after factors fitted on the
other half. `val` has been used before: the best checkpoint is the one with the smallest loss on it,
so errors on it, and with them the factors for `test`, are rather too small than too large. And
things of `test` may be of kinds that `val` does not have, as in babbling, which one factor from
`val` cannot know.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Int64

from nsca.benchmarks.benchmark import JudgedRun, began_from
from nsca.benchmarks.forecast_figures import (
    Foretold,
    PlaceReader,
    doubts,
    errors,
    read_latents,
    spread_factors,
)
from nsca.benchmarks.forecast_picture import AXES, DRIVING, PICTURE, draw_forecasts
from nsca.benchmarks.forecasts import Forecast, forecast_metrics
from nsca.benchmarks.linear_forecast import LinearForecast
from nsca.benchmarks.quantity_probes import check_at_least
from nsca.data.batch import DynamicsBatch
from nsca.data.moments import MomentSource
from nsca.data.source import Split
from nsca.data.windows import WindowRows
from nsca.errors import UserError
from nsca.objectives.imagination import Imagination
from nsca.phases.imagining import ImaginingPhase

_log = logging.getLogger(__name__)

BEFORE = "before"
CHUNK = 512  # windows imagined at once
DRAWN = 5  # windows in the picture


class ForecastBenchmark:
    """The benchmark with its budget.

    Args:
        windows: at most so many of each held-out part are foretold, drawn with the seed.

    Raises:
        UserError: fewer than 4 windows, whose halves would say nothing.
    """

    judges: ClassVar[frozenset[str]] = frozenset({"dynamics", "memory", "full"})
    row: ClassVar[type] = Forecast

    def __init__(self, windows: int) -> None:
        check_at_least("windows", windows, 4)
        self.windows = windows

    def judge(self, run: JudgedRun | None, seed: int, folder: Path) -> Iterator[Sequence[Forecast]]:
        """See `Benchmark`.

        Raises:
            UserError: the run's data has no moments of several senses, or nothing is finite.
        """
        if run is None:
            raise ValueError("a run is needed")
        phase, source = run.phase, run.source
        if not isinstance(source, MomentSource):
            raise UserError(
                "the run's data has one sense alone", "give a run of phase=dynamics or phase=memory"
            )
        if not isinstance(phase, ImaginingPhase):
            raise TypeError(f"{type(phase).__name__} foretells nothing")
        model = phase.imagination
        known = _spread(phase, source)
        linear = LinearForecast(model, known)
        last = model.past - 1
        places = known.latent[:, last], known.physical[:, last, :3]
        read = None if model.drives else PlaceReader(*places)
        earlier = began_from(run, "dynamics")
        if source.held_out == ("val",):
            _log.warning(
                "the data has no test part: val, by which checkpoints are chosen, is judged"
            )
        factors = None
        for split in source.held_out:
            rows, starts = self._windows(phase, source, split, seed)
            found = _foretell(phase, linear, source, split, rows, starts)
            if isinstance(earlier, ImaginingPhase) and _same_windows(earlier.imagination, model):
                rows.ask(earlier.senses, earlier.encoder, starts)
                before = np.concatenate([_mean(earlier, piece) for piece in _pieces(rows, starts)])
                found = replace(found, mean={**found.mean, BEFORE: before})
            if not np.isfinite(found.mean["trained"]).all():
                raise UserError(
                    "what is foretold is not finite: the training diverged",
                    "train again with a smaller learning rate",
                )
            if split == source.held_out[0]:
                _draw(found, model, folder / PICTURE)
            judged = list(errors(found, split, model))
            if factors is not None:
                judged += doubts(found, factors, split, model)
            else:
                fitted, others = found.halves(seed)
                if len(others.true):
                    judged += doubts(others, spread_factors(fitted), split, model)
                else:
                    _log.warning(
                        "%s: one thing alone: whether the doubt is honest is not judged", split
                    )
                factors = spread_factors(found)
            yield judged
            if read is not None:
                yield list(read_latents(found, split, model, read))

    def metrics(self, rows: Sequence[Forecast]) -> Mapping[str, float]:
        """See `forecast_metrics`."""
        return forecast_metrics(rows)

    def _windows(
        self, phase: ImaginingPhase, source: MomentSource, split: Split, seed: int
    ) -> tuple[WindowRows, Int64[np.ndarray, " row"]]:
        """The windows of some clips: as many as are asked for, in the order of clips."""
        rows = _rows(phase, source, split)
        clips, which = np.unique(rows.clip[rows.starts], return_inverse=True)
        place = np.random.default_rng([seed, len(clips)]).permutation(len(clips))[which]
        starts = np.sort(rows.starts[np.argsort(place, kind="stable")[: self.windows]])
        rows.ask(phase.senses, phase.encoder, starts)
        return rows, starts


def _rows(phase: ImaginingPhase, source: MomentSource, split: Split) -> WindowRows:
    model, moments = phase.imagination, source.moments(split)
    model.check_moments(moments)
    return WindowRows(moments, model.past, model.ahead, source.name)


def _spread(phase: ImaginingPhase, source: MomentSource) -> DynamicsBatch:
    """Windows from all over the training part, each with the last seen of its latents alone."""
    rows = _rows(phase, source, "train")
    rows.ask(phase.senses, phase.encoder, rows.spread_starts(), last_seen=True)
    return rows.spread()


def _foretell(
    phase: ImaginingPhase,
    linear: LinearForecast,
    source: MomentSource,
    split: Split,
    rows: WindowRows,
    starts: Int64[np.ndarray, " row"],
) -> Foretold:
    with torch.no_grad():
        parts = [_imagine(phase.imagination, linear, piece) for piece in _pieces(rows, starts)]
    together = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    labels = source.moment_labels(split)
    thing = next(iter(labels.values())).group if labels else rows.clip
    latent = [torch.from_numpy(together.pop(f"latent_{n}")) for n in ("told", "true", "last")]
    return Foretold(
        true=together.pop("true"),
        past=together.pop("past"),
        deviation=together.pop("deviation"),
        latent=(latent[0], latent[1], latent[2]),
        thing=np.unique(thing[starts], return_inverse=True)[1],
        mean=together,
    )


def _same_windows(earlier: Imagination, model: Imagination) -> bool:
    def sizes(of: Imagination) -> tuple[object, ...]:
        return of.past, of.ahead, of.motion.dt_s, of.drives

    return sizes(earlier) == sizes(model)


def _pieces(rows: WindowRows, starts: Int64[np.ndarray, " row"]) -> list[DynamicsBatch]:
    return [rows.window(starts[at : at + CHUNK], 0) for at in range(0, len(starts), CHUNK)]


@torch.no_grad()
def _mean(phase: ImaginingPhase, stored: DynamicsBatch) -> np.ndarray:
    model = phase.imagination
    mean, _ = model.summary(model(stored.to(model.latent_change.device)))
    return mean.float().cpu().numpy()


def _imagine(
    model: Imagination, linear: LinearForecast, stored: DynamicsBatch
) -> dict[str, np.ndarray]:
    """Arrays of a chunk by name: forecasters, and the parts of `Foretold`."""
    batch = stored.to(model.latent_change.device)
    imagined = model(batch)
    mean, deviation = model.summary(imagined)
    true, last = batch.physical[:, model.past :], batch.physical[:, model.past - 1 :][:, :1]
    seconds = model.motion.dt_s * torch.arange(1, model.ahead + 1, device=last.device)
    inertia = last.expand_as(true).clone()
    inertia[..., :3] += seconds[:, None] * last[..., 3:6]
    found = {
        "trained": mean,
        "copy_last": last.expand_as(true),
        "inertia": inertia,
        "prior": model(batch, by_prior=True).physical.mean(dim=1),
        "linear": linear(stored),
        "true": true,
        "past": batch.physical[:, : model.past],
        "deviation": deviation,
        "latent_told": imagined.latent.mean(dim=1),
        "latent_true": batch.latent[:, model.past :],
        "latent_last": batch.latent[:, model.past - 1 : model.past],
    }
    return {name: values.float().cpu().numpy() for name, values in found.items()}


def _draw(found: Foretold, model: Imagination, path: Path) -> None:
    """The windows in which the thing moves most, each of another stretch of the set; of what
    drives, where it departs most from going on, and how.
    """
    seconds = model.motion.dt_s * np.arange(1 - model.past, model.ahead + 1)
    last = found.past[:, -1, None, :3]
    drift = last + seconds[:, None] * found.past[:, -1, None, 3:6]
    drift = drift if model.drives else np.zeros_like(drift)
    ahead = drift[:, model.past :]
    true = np.concatenate([found.past, found.true], axis=1)[..., :3] - drift
    way = np.ptp(true[:, model.past :], axis=1).sum(axis=-1)
    pieces = np.array_split(np.arange(len(way)), min(DRAWN, len(way)))
    chosen = np.array([piece[np.argmax(way[piece])] for piece in pieces])
    draw_forecasts(
        seconds,
        true[chosen],
        (found.mean["trained"][..., :3] - ahead)[chosen],
        found.deviation[chosen],
        (found.mean["prior"][..., :3] - ahead)[chosen],
        path,
        DRIVING if model.drives else AXES,
    )
