"""What a report says of forecasts: errors by horizon beside those that need no training, doubt, and
a picture of some.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nsca.benchmarks.forecast_picture import PICTURE
from nsca.benchmarks.forecasts import CALIBRATION_ERROR, ERROR, Forecast
from nsca.reporting import page, plots
from nsca.reporting.pictures import data_uri
from nsca.reporting.run_record import RunRecord
from nsca.reporting.skipping import skipping
from nsca.statistics import mean_and_standard_error

NAMES = {
    "trained": "trained",
    "before": "before this phase",
    "copy_last": "the last state, kept",
    "inertia": "going on as it moves",
    "prior": "the prior alone",
    "linear": "a linear map",
    "seen": "read from the true latent",
    "scaled": "trained, scaled on other objects",
}
QUANTITIES = {
    "place_m": "place (cm)",
    "speed_m_s": "velocity (cm/s)",
    "read_place_m": "place, read from the latent (cm)",
}
COLOURS = {
    "before": "#3a3f47",
    "copy_last": "#8b919a",
    "inertia": "#a58bd0",
    "prior": "#d98218",
    "linear": "#b5485d",
    "seen": "#0f9d76",
}
CENTI = 100.0
ONLY_VAL = "The data has no test part: what is judged has also chosen checkpoints."
TARGET = 0.05  # of the calibration error
SKIPPED = ("copy_last", "inertia", "prior", "linear")
"""What there is without a phase that did not go on from trained dynamics: nothing of it learns by
gradient.
"""
PARTS = {"val": "held-out objects", "test": "kinds never seen (set B)"}
OF_DRIVES = {"val": "stretches held out for validation", "test": "stretches held out for the test"}


def sentences(forecasts: Sequence[Forecast]) -> list[str]:
    """One a held-out part: the error of places farthest ahead, and how honest the doubt is, where
    that could be judged.
    """
    found = []
    splits = list(dict.fromkeys(f.split for f in forecasts))
    for split in splits:
        here = [f for f in forecasts if f.split == split and f.quantity == "place_m"]
        farthest = max(f.ahead for f in here)
        values = {
            name: [CENTI * f.value for f in here if _is(f, ERROR, farthest, name)]
            for name in dict.fromkeys(f.forecaster for f in here if f.measure == ERROR)
        }
        ours = values.pop("trained")
        seconds = next(f.seconds for f in here if f.ahead == farthest)
        others = ", ".join(f"{NAMES[name]} {_spread(each)}" for name, each in values.items())
        skipped = ["before"] if "before" in values else [n for n in SKIPPED if n in values]
        without = {NAMES[name]: dict(enumerate(values[name])) for name in skipped}
        verdict = skipping(dict(enumerate(ours)), without, higher_is_better=False)
        honest = [f for f in here if (f.measure, f.forecaster) == (CALIBRATION_ERROR, "scaled")]
        text = f"places {seconds:g} s ahead on {_part(split, forecasts)}: off by "
        text += "; ".join(filter(None, [f"<b>{_spread(ours)} cm</b>", others, verdict])) + "."
        if honest:
            halved = honest[0].windows < max(f.windows for f in here)
            scaled = "the other half" if halved else _part(splits[0], forecasts)
            text += (
                f" Quantile calibration error after scaling on {scaled}, mean over horizons: "
                f"{np.mean([f.value for f in honest]):.3f}."
            )
        found.append(text)
    return found


def foretelling(grouped: Mapping[str, Sequence[RunRecord]]) -> str:
    """Errors and doubt by horizon for every condition, and the picture of the first run's."""
    judged = {n: [r for r in runs if r.forecasts] for n, runs in grouped.items()}
    judged = {name: runs for name, runs in judged.items() if runs}
    everything = [f for runs in judged.values() for run in runs for f in run.forecasts]
    parts = []
    for split in dict.fromkeys(f.split for f in everything):
        parts.append(f"<h3>{page.escape(_part(split, everything))}</h3>")
        parts.append(_by_horizon(judged, split))
    if {f.split for f in everything} == {"val"}:
        parts.append(page.paragraph(ONLY_VAL, soft=True))
    parts += [_picture(run) for runs in judged.values() for run in runs][:1]
    intro = (
        "Root mean square errors of the thing's place and velocity, from what is done alone; and "
        "the quantile calibration error of the doubt (0 is perfect; dashed: the target after "
        "scaling)."
    )
    return page.section("What it foretells", *parts, intro=intro)


def _part(split: str, forecasts: Sequence[Forecast]) -> str:
    """A held-out part in words; places of what drives are not read from latents."""
    on_a_table = any(f.quantity == "read_place_m" for f in forecasts)
    return (PARTS if on_a_table else OF_DRIVES).get(split, split)


def _by_horizon(grouped: Mapping[str, Sequence[RunRecord]], split: str) -> str:
    """Errors of each quantity, then the calibration error of places, as SVG."""
    of_it = {
        name: [f for run in runs for f in run.forecasts if f.split == split]
        for name, runs in grouped.items()
    }
    with rc_context(plots.STYLE):
        figure = Figure(figsize=(11, 2.9), layout="constrained")
        *axes, last = figure.subplots(1, len(QUANTITIES) + 1)
        drawn: dict[str, Line2D] = {}
        for axis, (quantity, title) in zip(axes, QUANTITIES.items(), strict=True):
            shown = {
                name: [f for f in forecasts if (f.quantity, f.measure) == (quantity, ERROR)]
                for name, forecasts in of_it.items()
            }
            for label, colour, here in _forecasters(shown):
                drawn[label] = _line(axis, here, CENTI, colour)
            # going on for ever hides everything else on a table, standing still on the road
            simple = [
                max([f.value for each in shown.values() for f in each if f.forecaster == name])
                for name in ("copy_last", "inertia")
                if any(f.forecaster == name for each in shown.values() for f in each)
            ]
            axis.set_ylim(0, 1.3 * CENTI * min(simple, default=1.0))
            axis.set_title(title)
        for colour, forecasts in zip(cycle(plots.FURTHER_COLOURS), of_it.values(), strict=False):
            honest = [f for f in forecasts if f.measure == CALIBRATION_ERROR]
            for forecaster, dash in (("trained", ":"), ("scaled", "-")):
                here = [f for f in honest if f.forecaster == forecaster and f.quantity == "place_m"]
                _line(last, here, 1.0, colour, dash)
        last.axhline(TARGET, color=plots.INK, alpha=0.5, linewidth=1, linestyle="--")
        last.set_ylim(bottom=0)
        last.set_title("calibration (dotted: unscaled)")
        for axis in (*axes, last):
            axis.set_xlabel("s ahead")
        figure.legend(drawn.values(), drawn.keys(), loc="outside lower center", ncols=4)
        return plots.as_svg(figure, f"forecasts {split}")


def _forecasters(
    shown: Mapping[str, Sequence[Forecast]],
) -> Iterator[tuple[str, str, list[Forecast]]]:
    """Label, colour and figures: what needs no training once, of the first condition."""
    for place, (name, forecasts) in enumerate(shown.items()):
        for forecaster in dict.fromkeys(f.forecaster for f in forecasts):
            here = [f for f in forecasts if f.forecaster == forecaster]
            if forecaster == "trained":
                yield name, plots.FURTHER_COLOURS[place % len(plots.FURTHER_COLOURS)], here
            elif place == 0:
                yield NAMES[forecaster], COLOURS[forecaster], here


def _line(
    axis: Axes, forecasts: Sequence[Forecast], unit: float, colour: str, dash: str = "-"
) -> Line2D:
    """Mean over seeds by horizon."""
    ahead = sorted({f.seconds for f in forecasts})
    means = [unit * np.mean([f.value for f in forecasts if f.seconds == s]) for s in ahead]
    return axis.plot(ahead, means, dash, color=colour, marker="o", markersize=3)[0]


def _is(forecast: Forecast, measure: str, ahead: int, forecaster: str) -> bool:
    return (forecast.measure, forecast.ahead, forecast.forecaster) == (measure, ahead, forecaster)


def _picture(run: RunRecord) -> str:
    file = run.evaluation / PICTURE if run.evaluation is not None else None
    if file is None or not file.is_file():
        return ""
    caption = "Held-out windows in which much moves: seen until 0 s, then imagined"
    return page.picture(data_uri(file.read_bytes(), "image/png"), caption)


def _spread(values: Sequence[float]) -> str:
    mean, error = mean_and_standard_error(values)
    return f"{mean:.2f}" if np.isnan(error) else f"{mean:.2f} ± {error:.2f}"
