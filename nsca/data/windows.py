"""Stretches of moments: what dynamics learn from, with latents of a frozen fusion."""

from collections.abc import Collection

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, Shaped
from torch import Tensor

from nsca.data.batch import DynamicsBatch
from nsca.data.curriculum import body_motion
from nsca.data.moments import THING, WITH_HAND, Moments
from nsca.data.own_place import gone_on, told_from
from nsca.data.packing import pack
from nsca.errors import UserError
from nsca.models.fusion import Fusion
from nsca.models.senses import Senses

MOST_WINDOWS = 16_384
"""That linear maps are fitted to: with 4,096 of 37,000 they err by 6 to 8 % more half a second
ahead, with 30,000 by 1 % less (`experiments/LOG.md`)."""


class WindowRows:
    """Every stretch of so many moments of one clip, and the latents of all moments.

    Args:
        moments: of a split.
        past, ahead: moments seen, and moments after them; together a stretch.
        source: its name, for messages.

    Raises:
        UserError: nothing is known of action or of where things are, or of no such things; a state
            that is not finite; no clip is long enough.
    """

    def __init__(self, moments: Moments, past: int, ahead: int, source: str) -> None:
        length = past + ahead
        action, physical = moments.action, moments.physical
        if action is None or physical is None:
            raise UserError(
                f"{source} does not say what is done and where things are",
                "choose data=babbling or data=driving_signals, whose moments have both",
            )
        widths = (THING, WITH_HAND) if moments.heading is None else (THING,)
        if physical.shape[1] not in widths:
            raise UserError(
                f"{source} has {physical.shape[1]} numbers of physical state",
                f"give {THING} (of a thing) or, on a table, {WITH_HAND} (of a thing and a hand)",
            )
        self._source = source
        self.moments = moments
        self.clip = moments.clip
        self.past = past
        self.length = length
        self.action: Float32[np.ndarray, "moment number"] = action
        self.physical: Float32[np.ndarray, "moment quantity"] = physical
        known = [("physical state", physical), ("action", action)]
        if moments.heading is not None:
            known.append(("heading", moments.heading[:, None]))
        for what, values in known:
            if odd := np.flatnonzero(~np.isfinite(values).all(axis=1)).tolist():
                raise UserError(
                    f"{source}: the {what} of {len(odd)} moments is not finite, the first in clip "
                    f"{moments.clip[odd[0]]}",
                    "repair the recording or take that clip out",
                )
        ends = max(0, len(moments) - length + 1)
        self.starts = (
            np.flatnonzero(self.clip[:ends] == self.clip[length - 1 :])
            if ends > 0
            else np.array(())
        )
        if not len(self.starts):
            raise UserError(
                f"{source} has no clip of {length} moments",
                "lower phase.imagination.past or ahead, or data.moment_stride",
            )
        self._latent: Float[Tensor, "moment latent"] | None = None

    def __len__(self) -> int:
        return len(self.starts)

    def tasks(self) -> list[str]:
        """Return the tasks that there are windows of, by name.

        Raises:
            UserError: it is not known what is done.
        """
        return np.unique(self._task()).tolist()

    def of_tasks(self, tasks: Collection[str]) -> Int64[np.ndarray, " row"]:
        """Return which windows show these tasks. Raises UserError as `tasks` does."""
        return np.flatnonzero(np.isin(self._task(), list(tasks)))

    def _task(self) -> Shaped[np.ndarray, " window"]:
        if self.moments.task is None:
            raise UserError(
                f"{self._source} does not say which task a moment belongs to",
                "choose data=babbling, whose moments have it",
            )
        return self.moments.task[self.starts]

    def latents(self) -> Float[Tensor, "moment latent"]:
        """Return all latents. Raises RuntimeError before the frozen parts were asked."""
        if self._latent is None:
            raise RuntimeError("the frozen fusion has not been asked for latents")
        return self._latent

    def ask(
        self,
        senses: Senses,
        encoder: Fusion,
        starts: Int64[np.ndarray, " row"] | None = None,
        last_seen: bool = False,
    ) -> None:
        """Take latents from senses, whose scales are known, and fusion.

        Args:
            senses, encoder: frozen.
            starts: of the windows whose moments are asked for; None for all moments.
            last_seen: ask for the last moment seen of these windows alone; latents of others are
                not a number.
        """
        moments = self.moments
        asked = np.arange(len(moments))
        if starts is not None:
            asked = np.unique(starts + self.past - 1 if last_seen else self._moments(starts))
        self.take(encoder, senses.scaled(pack(moments, senses, asked)), asked)

    def take(
        self,
        encoder: Fusion,
        packed: Float[Tensor, "row width"],
        asked: Int64[np.ndarray, " row"] | None = None,
    ) -> None:
        """Take latents from what the senses said of these moments, None for all of them, scaled."""
        moments = self.moments
        asked = np.arange(len(moments)) if asked is None else asked
        there = torch.from_numpy(moments.there()[asked]).float()
        states = encoder.embed_stored(torch.cat([packed, there], dim=1))
        with torch.no_grad():
            found = encoder.latent(states.to(encoder.latent.weight.device)).cpu()
        self._latent = torch.full((len(moments), found.shape[1]), torch.nan)
        self._latent[torch.from_numpy(asked)] = found

    def window(self, starts: Int64[np.ndarray, " row"], step: int) -> DynamicsBatch:
        """Return the windows that begin at these moments; of what drives, told from where it is at
        the last moment seen.
        """
        moments = self._moments(starts)
        physical = torch.from_numpy(self.physical[moments])
        if self.moments.heading is not None:
            heading = torch.from_numpy(self.moments.heading[moments[:, self.past - 1]])
            physical = told_from(physical, heading, self.past - 1)
        return DynamicsBatch(
            latent=self.latents()[torch.from_numpy(moments)],
            physical=physical,
            action=torch.from_numpy(self.action[moments]),
            step=step,
        )

    def spread(self) -> DynamicsBatch:
        """Return windows from all over, in order: enough to take scales from."""
        return self.window(self.spread_starts(), 0)

    def spread_starts(self) -> Int64[np.ndarray, " row"]:
        """Return where the windows of `spread` begin."""
        count = min(MOST_WINDOWS, len(self))
        return self.starts[np.linspace(0, len(self) - 1, count).astype(np.int64)]

    def _moments(self, starts: Int64[np.ndarray, " row"]) -> Int64[np.ndarray, "row moment"]:
        return starts[:, None] + np.arange(self.length)

    def motion(self) -> Float[np.ndarray, " row"]:
        """Return how fast thing and hand move in each window, on average, in m/s."""
        summed = np.concatenate([[0.0], np.cumsum(body_motion(self.physical))])
        return (summed[self.starts + self.length] - summed[self.starts]) / self.length

    def changes(
        self,
    ) -> tuple[Float[Tensor, "ahead latent"], Float[Tensor, "ahead quantity"]]:
        """Return by how much latent and physical state change from the last seen moment to each of
        those ahead: root mean square over windows. Of what drives, by how much more than going on
        at its velocity changes it.
        """
        some = self.spread()
        found = []
        for values in (some.latent, some.physical):
            kept = values[:, self.past - 1 : self.past]
            if values is some.physical and self.moments.heading is not None:
                kept = gone_on(kept, self._seconds_ahead())
            found.append((values[:, self.past :] - kept).square().mean(dim=0).sqrt())
        return found[0], found[1]

    def _seconds_ahead(self) -> Float[Tensor, " ahead"]:
        if self.moments.interval_s is None:
            raise ValueError("what drives does so in time")
        return self.moments.interval_s * torch.arange(1, self.length - self.past + 1)
