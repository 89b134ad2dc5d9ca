"""Pictures of a batch, and of what a phase makes of it: views, spectrograms, imagined ways."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional

from nsca.data.batch import AudioBatch, DynamicsBatch, StretchBatch, VisionBatch
from nsca.objectives.imagined import Imagined
from nsca.phases.audio.module import AudioPhase
from nsca.phases.imagining import ImaginingPhase

Picture = UInt8[np.ndarray, "tall wide 3"]
ENLARGED = 2  # pictures are small
GAP = 2  # pixels between them
LEVELS = (-1.0, 1.0)  # of log-mel spectrograms
AXES = ("x", "y", "z")


def shown(batch: object, samples: int) -> dict[str, Picture]:
    """Return what the first samples of a batch look like: the same at every validation.

    Vision: two views and the neighbour below each other, a sample a column. Audio: the clean
    spectrogram and its two views. Full: both. Nothing for other batches.
    """
    if isinstance(batch, VisionBatch):
        views = [batch.first, batch.second]
        views += [] if batch.neighbour is None else [batch.neighbour]
        return {"views": grid([_coloured(view[:samples]) for view in views])}
    if isinstance(batch, AudioBatch):
        rows = [batch.clean, batch.first, batch.second]
        return {"spectrograms": grid([_spectrograms(row[:samples]) for row in rows])}
    if isinstance(batch, StretchBatch):
        seen = [batch.first, batch.second, batch.neighbour]
        heard = [batch.clean_sound, batch.first_sound, batch.second_sound]
        found = {
            "views": [_coloured(view[:samples]) for view in seen if view is not None],
            "spectrograms": [_spectrograms(row[:samples]) for row in heard if row is not None],
        }
        return {name: grid(rows) for name, rows in found.items() if rows}
    return {}


def made(phase: object, batch: object, samples: int) -> dict[str, Picture]:
    """Return what a phase makes of the first samples of a batch that it was just validated on.

    Audio: the coarse clean spectrogram, and below it what is told from a view's features. What
    foretells: where the thing goes and where it is imagined to go. Nothing for others.
    """
    with torch.no_grad():
        if isinstance(phase, AudioPhase) and isinstance(batch, AudioBatch):
            coarse = phase.decoder.coarse(batch.clean[:samples])
            told = phase.decoder(phase.encoder(batch.first[:samples]))
            return {"told": grid([_spectrograms(coarse), _spectrograms(told)])}
        if isinstance(phase, ImaginingPhase) and isinstance(batch, DynamicsBatch | StretchBatch):
            if phase.foretold is None:
                return {}
            some = Imagined(*(rows[:samples] for rows in phase.foretold))
            place_m, deviation_m = phase.imagination.summary(some)
            ways = (batch.physical[:samples, :, :3], place_m[..., :3], deviation_m[..., :3])
            return {"imagined": _ways(*(way.float().cpu() for way in ways))}
    return {}


def grid(rows: list[UInt8[np.ndarray, "column height width 3"]]) -> Picture:
    """Return pictures of one size side by side and below each other, enlarged, on white."""
    wide = [
        np.concatenate(
            [np.pad(p, ((0, GAP), (0, GAP), (0, 0)), constant_values=255) for p in row], 1
        )
        for row in rows
    ]
    return np.concatenate(wide, axis=0)


def _coloured(view: Float[Tensor, "sample 3 size size"]) -> UInt8[np.ndarray, "sample tall wide 3"]:
    return _enlarged((view.float() * 255).round().clamp(0, 255).byte())


def _spectrograms(
    log_mel: Float[Tensor, "sample band frame"],
) -> UInt8[np.ndarray, "sample height width 3"]:
    """Low frequencies below; colour from the floor to full scale."""
    low, high = LEVELS
    level = ((log_mel.float().flip(1) - low) / (high - low)).clamp(0, 1)
    colours = colormaps["magma"](level.cpu().numpy())[..., :3]
    return _enlarged(torch.from_numpy((colours * 255).round().astype(np.uint8)).permute(0, 3, 1, 2))


def _enlarged(pictures: Tensor) -> UInt8[np.ndarray, "sample height width 3"]:
    larger = functional.interpolate(pictures, scale_factor=ENLARGED, mode="nearest")
    return larger.permute(0, 2, 3, 1).cpu().numpy()


def _ways(
    true_m: Float[Tensor, "sample moment 3"],
    imagined_m: Float[Tensor, "sample ahead 3"],
    deviation_m: Float[Tensor, "sample ahead 3"],
) -> Picture:
    """A column a sample, a row an axis; black: true; blue: imagined, its deviation about it."""
    count, moments = true_m.shape[:2]
    ahead = np.arange(moments - imagined_m.shape[1], moments)
    figure = Figure(figsize=(2.2 * count, 4.2), dpi=80, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    panels = figure.subplots(3, count, squeeze=False, sharex=True)
    for axis, name in enumerate(AXES):
        panels[axis, 0].set_ylabel(f"{name} (cm)")
        for sample in range(count):
            panel = panels[axis, sample]
            mean, doubt = (100 * way[sample, :, axis] for way in (imagined_m, deviation_m))
            panel.fill_between(ahead, mean - doubt, mean + doubt, alpha=0.25, linewidth=0)
            panel.plot(ahead, mean, color="tab:blue")
            panel.plot(100 * true_m[sample, :, axis], color="black", linewidth=1)
    for panel in panels[-1]:
        panel.set_xlabel("moment")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
