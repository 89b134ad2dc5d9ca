"""How far off forecasts are in metres, and whether they know, at every validation.

The figures are those of the benchmark `forecast`, of what the validation foretells anyway: other
and fewer windows than the benchmark's.
"""

from typing import Any

import numpy as np
from jaxtyping import Float
from lightning.pytorch import Callback, LightningModule, Trainer

from nsca.calibration import quantile_calibration_error
from nsca.objectives.forecast_errors import QUANTITIES, root_mean_squares
from nsca.phases.imagining import ImaginingPhase

Off = Float[np.ndarray, "window ahead quantity"]


class ForecastWatch(Callback):
    """Logs for place and speed of the thing `val/<quantity>_<steps>`: the root mean square error
    at every step ahead; and
    `val/<quantity>_calibration_error`, the mean over all horizons: 0 where the doubt is honest.

    Figures of forecasts that are not finite are left out: the loss says that.
    """

    def __init__(self) -> None:
        self._found: list[tuple[Off, Off]] = []

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._found = []

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if not isinstance(pl_module, ImaginingPhase):
            raise TypeError(f"{type(pl_module).__name__} foretells nothing")
        if trainer.sanity_checking or pl_module.foretold is None:
            return
        model = pl_module.imagination
        mean, deviation = model.summary(pl_module.foretold)
        error = batch.physical[:, model.past :] - mean
        self._found.append((error.cpu().double().numpy(), deviation.cpu().double().numpy()))

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self._found:
            return
        error, deviation = (np.concatenate(part) for part in zip(*self._found, strict=True))
        self._found = []
        figures = {f"val/{name}": value for name, value in forecast_figures(error, deviation)}
        # every rank finds the same: that they are averaged says so to Lightning
        pl_module.log_dict(figures, batch_size=1, sync_dist=True)


def forecast_figures(error: Off, deviation: Off) -> list[tuple[str, float]]:
    """Return the figures by name, without `val/`.

    Args:
        error: what came minus what was foretold, SI units.
        deviation: foretold, above 0.
    """
    if not (np.isfinite(error).all() and np.isfinite(deviation).all()):
        return []
    ahead = error.shape[1]
    found = []
    for quantity, columns in QUANTITIES.items():
        off, doubt = error[..., columns], deviation[..., columns]
        by_horizon = enumerate(root_mean_squares(off).tolist(), start=1)
        found += [(f"{quantity}_{step}", error) for step, error in by_horizon]
        calibration = [
            quantile_calibration_error(off[:, at].ravel(), doubt[:, at].ravel())
            for at in range(ahead)
        ]
        found.append((f"{quantity}_calibration_error", float(np.mean(calibration))))
    return found
