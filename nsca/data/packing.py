"""Moments as rows of features: every sense through its frozen encoder, once and for all steps; and
which senses are left out of a row on purpose."""

import sys
import time

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch import Tensor

from nsca.data.moments import Moments
from nsca.errors import UserError
from nsca.models.sense_names import SENSES
from nsca.models.senses import Senses

CHUNK = 512  # moments at once
SPEAK_EVERY_S = 10.0


def pack(
    moments: Moments, senses: Senses, numbers: Int[np.ndarray, " row"]
) -> Float[Tensor, "row width"]:
    """Return what the encoders make of these moments, not yet scaled; 0 where a sense is missing.

    Frozen encoders give the same features at every step, so they are asked once: training of what
    stands above them then costs a hundredth. Where that takes long, stderr says how far it is.

    Raises:
        UserError: readings of the body have another width than the model's.
    """
    packed = torch.zeros(len(numbers), senses.width)
    columns = senses.parts(packed)
    spoke = time.monotonic()
    for sense in SENSES:
        if sense not in moments.stored:
            continue
        there = np.flatnonzero(moments.present[sense][numbers])
        for start in range(0, len(there), CHUNK):
            rows = there[start : start + CHUNK]
            stored = torch.from_numpy(
                np.ascontiguousarray(moments.stored[sense].rows(numbers[rows]))
            )
            if sense == "proprioception" and stored.shape[1] != columns[sense].shape[1]:
                raise UserError(
                    f"the data's body readings have {stored.shape[1]} numbers, the model takes "
                    f"{columns[sense].shape[1]}",
                    f"model.proprioception={stored.shape[1]}",
                )
            columns[sense][torch.from_numpy(rows)] = senses.embed_stored(sense, stored)
            if time.monotonic() - spoke > SPEAK_EVERY_S:
                spoke = time.monotonic()
                _say(f"asking the encoder of {sense}: {start + len(rows)}/{len(there)} moments")
    return packed


@rank_zero_only
def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def pack_training(moments: Moments, senses: Senses) -> Float[Tensor, "moment width"]:
    """Return all moments of the training part, scaled; senses without scales take them from here.

    Raises:
        UserError: as `pack`.
    """
    packed = pack(moments, senses, np.arange(len(moments)))
    if not senses.fitted:
        senses.fit(packed, torch.from_numpy(moments.there()))
    return senses.scaled(packed)


def left_over(
    there: Bool[np.ndarray, "row sense"], drop: float, rng: np.random.Generator
) -> Bool[np.ndarray, "row sense"]:
    """Leave senses out, each with probability `drop`, but never the last one of a row."""
    luck = np.where(there, rng.random(there.shape), -1.0)
    luckiest = luck == luck.max(axis=1, keepdims=True)
    return there & ((luck >= drop) | luckiest)
