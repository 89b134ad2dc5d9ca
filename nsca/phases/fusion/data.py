"""Moments in, one optimiser step an item: packed features, some senses left out on purpose."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from nsca.data.batch import FusionBatch
from nsca.data.curriculum import Curriculum, body_motion
from nsca.data.moments import Moments, MomentSource
from nsca.data.packing import left_over, pack, pack_training
from nsca.data.source import ProbeLabel, Split
from nsca.data.step_loader import Epoch, StepLoader
from nsca.errors import UserError
from nsca.models.senses import Senses
from nsca.phases.step_data import StepData

DROP_STREAM, PARTNER_STREAM = 3, 4  # of random numbers, beside those of nsca.data.sample_order


class MomentRows:
    """The moments of a split that can be learned from, and their features.

    Where clips have time and action, only moments that another one follows.

    Args:
        moments: all of the split.
    """

    def __init__(self, moments: Moments) -> None:
        self.moments = moments
        self.there = torch.from_numpy(moments.there())
        whole = np.ones(len(moments), bool) if moments.action is None else moments.has_next()
        self.chosen = np.flatnonzero(whole & moments.there().any(axis=1))
        self.packed: Float[Tensor, "moment width"] | None = None
        self.widths: list[int] = []

    def __len__(self) -> int:
        return len(self.chosen)

    def features(self) -> Float[Tensor, "moment width"]:
        """Return the packed rows. Raises RuntimeError before the encoders were asked."""
        if self.packed is None:
            raise RuntimeError("the frozen encoders have not been asked for features")
        return self.packed

    def together(
        self, now: Int64[np.ndarray, " batch"], rng: np.random.Generator
    ) -> tuple[Float[Tensor, "batch width"], Bool[Tensor, "batch sense"]]:
        """Return these moments, with partners where senses were recorded apart."""
        if not self.moments.apart:
            return self.features()[now], self.there[now]
        sources = torch.from_numpy(self.moments.partners(now, rng))
        columns = sources.repeat_interleave(torch.tensor(self.widths), dim=1)
        return self.features().gather(0, columns), self.there.gather(0, sources)


class FusionSteps(StepLoader[FusionBatch]):
    """The moments of each step.

    Args:
        rows: of one split.
        epoch: how they are drawn.
        drop: share of the senses that are left out.
    """

    def __init__(self, rows: MomentRows, epoch: Epoch, drop: float) -> None:
        super().__init__(len(rows), epoch)
        self._moments, self._packed = rows, rows.features()
        self._belongs = torch.from_numpy(np.asarray(rows.moments.belongs, np.int64))
        action = rows.moments.action
        self._action = None if action is None else torch.from_numpy(action)
        self._drop = drop

    def gather(self, rows: Int64[np.ndarray, " batch"], drawn: int, step: int) -> FusionBatch:
        chosen = self._moments.chosen[rows]
        partners = np.random.default_rng([self.epoch.seed, PARTNER_STREAM, drawn])
        packed, there = self._moments.together(chosen, partners)
        now = torch.from_numpy(chosen)
        rng = np.random.default_rng([self.epoch.seed, DROP_STREAM, drawn])
        timed = self._action is not None
        return FusionBatch(
            now=packed,
            there=there,
            kept=torch.from_numpy(left_over(there.numpy(), self._drop, rng)),
            belongs=self._belongs[now],
            action=self._action[now] if self._action is not None else None,
            later=self._packed[now + 1] if timed else None,
            later_there=self._moments.there[now + 1] if timed else None,
            step=step,
        )


class FusionData(StepData[MomentRows]):
    """Batches of moments for the fusion phase.

    Args:
        source: where moments come from: a MomentSource.
        effective_batch, seed, validation_batches, curriculum: see `StepData`.
        drop: share of the senses that are left out of what the state is made from, in [0, 1).

    Raises:
        UserError: the source has no moments of several senses.
    """

    rows = "moments"

    def __init__(
        self,
        *,
        source: object,
        effective_batch: int,
        seed: int,
        drop: float,
        validation_batches: int,
        curriculum: Curriculum | None = None,
    ) -> None:
        if not isinstance(source, MomentSource):
            raise UserError(
                f"data={getattr(source, 'name', source)} has one sense alone",
                "choose data=babbling or data=custom_folder",
            )
        if not 0 <= drop < 1:
            raise ValueError(f"drop must be in [0, 1), got {drop}")
        super().__init__(source.name, effective_batch, seed, validation_batches, curriculum)
        self.source = source
        self.drop = drop

    def load(self, split: Split) -> MomentRows:
        moments = self.source.moments(split)
        if not moments.there().any():
            raise UserError(
                f"{self.source.name} has recorded no sense: there is nothing to fuse",
                "phase=dynamics, which foretells what moves from what is known of it alone",
            )
        return MomentRows(moments)

    def pack(self, senses: Senses) -> None:
        """Ask the frozen encoders for all features, and take their scale from the training part."""
        train, val = self.stored("train"), self.stored("val")
        train.packed = pack_training(train.moments, senses)
        val.packed = senses.scaled(pack(val.moments, senses, np.arange(len(val.moments))))
        for rows in (train, val):
            rows.widths = list(senses.widths.values())

    def difficulty(self, stored: MomentRows) -> Float[np.ndarray, " row"]:
        """How much moves. Raises UserError where nothing is known of that."""
        physical = stored.moments.physical
        if physical is None:
            return super().difficulty(stored)
        return body_motion(physical)[stored.chosen]

    def loader(self, stored: MomentRows, epoch: Epoch) -> FusionSteps:
        return FusionSteps(stored, epoch, self.drop)

    def shown(self, split: Split) -> tuple[np.ndarray, dict[str, ProbeLabel]]:
        """Return packed rows and their mask side by side, and labels, for online probes."""
        stored = self.stored(split)
        rows = torch.cat([stored.features(), stored.there.float()], dim=1)
        return rows.numpy(), self.source.moment_labels(split)
