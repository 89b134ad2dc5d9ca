"""An exponential moving average of the weights beside those that are trained.

Lightning's WeightAveraging: validation sees the average, and it is the `state_dict` of every
checkpoint, so it is what `nsca.load`, later phases and evaluations take; what training goes on from
is saved beside it. The average's memory grows with the run, min(decay, (1 + n) / (10 + n)) after n
steps: with 0.999 from the start, a run of a few hundred steps would be judged by its first ones.

It stands after every callback that looks at a validation's end: there it takes the average away.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn


@dataclass(frozen=True)
class AverageSettings:
    """Root key `ema`.

    Args:
        decay: of the average in a step, in (0, 1): about 1 / (1 - decay) steps count; None for no
            average.
    """

    decay: float | None = None


def decay_after(steps: int, decay: float) -> float:
    """Return the decay of the average after so many steps."""
    return min(decay, (1 + steps) / (10 + steps))


class WeightAverage(WeightAveraging):
    """Averages the parameters after every optimiser step; buffers are those of the last one.

    Args:
        decay: see `AverageSettings`.
    """

    def __init__(self, decay: float) -> None:
        def average(means: Sequence[Tensor], now: Sequence[Tensor], steps: Tensor | int) -> None:
            get_ema_multi_avg_fn(decay_after(int(steps), decay))(means, now, steps)

        super().__init__(use_buffers=False, multi_avg_fn=average)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Make the average where the phase will be: Lightning moves that only after this."""
        self._device = trainer.strategy.root_device
        super().setup(trainer, pl_module, stage)
