"""What data modules of windows share: moments of one source, in windows, and their latents."""

import numpy as np
from jaxtyping import Float, Int64

from nsca.data.curriculum import Curriculum
from nsca.data.moments import MomentSource
from nsca.data.packing import pack_training
from nsca.data.source import Split
from nsca.data.windows import WindowRows
from nsca.errors import UserError
from nsca.models.fusion import Fusion
from nsca.models.senses import Senses
from nsca.phases.step_data import StepData


class WindowData(StepData[WindowRows]):
    """Windows of moments of both splits.

    Args:
        source: where moments come from: a MomentSource.
        past, ahead: moments of a window that are seen, and that are to be imagined.
        effective_batch, seed, validation_batches, curriculum: see `StepData`.

    Raises:
        UserError: the source has no moments of several senses.
    """

    rows = "windows"

    def __init__(
        self,
        *,
        source: object,
        past: int,
        ahead: int,
        effective_batch: int,
        seed: int,
        validation_batches: int,
        curriculum: Curriculum | None = None,
    ) -> None:
        if not isinstance(source, MomentSource):
            raise UserError(
                f"data={getattr(source, 'name', source)} has one sense alone",
                "choose data=babbling or data=driving_signals",
            )
        super().__init__(source.name, effective_batch, seed, validation_batches, curriculum)
        self.source = source
        self.past = past
        self.ahead = ahead

    def load(self, split: Split) -> WindowRows:
        return WindowRows(self.source.moments(split), self.past, self.ahead, self.source.name)

    def pack(self, senses: Senses, encoder: Fusion) -> None:
        """Ask senses and fusion, which are frozen, for every latent that a step can show."""
        train, val = self.stored("train"), self.stored("val")
        train.take(encoder, pack_training(train.moments, senses))
        val.ask(senses, encoder, val.starts[self.validated(val)])

    def validated(self, val: WindowRows) -> Int64[np.ndarray, " row"]:
        """Return which windows validation shows, the same every time and few of a large part."""
        steps = self.val_dataloader()
        return np.unique(np.concatenate([steps.drawn_rows(step) for step in range(len(steps))]))

    def difficulty(self, stored: WindowRows) -> Float[np.ndarray, " row"]:
        """How much moves in what is seen and what is to be imagined."""
        return stored.motion()
