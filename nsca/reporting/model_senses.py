"""Sections of a fusion run: what it was trained on, and what its state listens to.

Where data or weights are gone the section says so instead of leaving a hole.
"""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

import nsca
from nsca.benchmarks.encoders import untrained_encoder
from nsca.callbacks.fusion_watch import attention_by_sense
from nsca.data.moments import MomentSource
from nsca.data.packing import pack
from nsca.errors import UserError
from nsca.evaluation import source_of
from nsca.models.fusion import Fusion
from nsca.models.sense_names import SENSES
from nsca.objectives.fused import FusesSenses
from nsca.reporting import model_pictures, page, plots, sense_plots
from nsca.reporting.neighbours import not_shown
from nsca.reporting.run_record import RunRecord

SHOWN_MOMENTS = 300
PREFIX = "attention_"

data_section = model_pictures.data_section


def model_section(run: RunRecord, seed: int) -> str:
    """The attention on each sense, with all and with one lost, before and after training."""
    title = "What the state listens to"
    try:
        phase, source = nsca.load(run.path), source_of(run.config)
        if not isinstance(phase, FusesSenses) or not isinstance(source, MomentSource):
            raise UserError("the run fuses no senses", "give a run of phase=fusion")
        split = source.held_out[-1]
        packed, there = _rows(phase, source, seed)
        fusions = {"Trained": phase.encoder, "Untrained twin": untrained_encoder(run.config)}
    except UserError as error:
        return page.section(title, not_shown(error))
    drawings = [
        f"<div>{sense_plots.attention_bars(_shares(fusion, packed, there), name)}</div>"
        for name, fusion in fusions.items()
    ]
    senses = [name for place, name in enumerate(SENSES) if there[:, place].any()]
    key = page.legend(plots.legend([*senses, "nothing"]))
    intro = (
        f"Attention of the last layer, mean over queries and heads, on {len(packed)} held-out "
        f"moments ({split}). A missing sense cannot be listened to; the token of nothing always "
        "can. Attention says where a state looks, not what it knows: that is told above."
    )
    return page.section(title, key, f'<div class="row">{"".join(drawings)}</div>', intro=intro)


def _rows(
    phase: FusesSenses, source: MomentSource, seed: int
) -> tuple[Float[Tensor, "row width"], Bool[Tensor, "row sense"]]:
    """Some held-out moments with all senses of the data, packed and scaled, and their mask."""
    moments = source.moments(source.held_out[-1]).completed(seed)
    there = moments.there()
    whole = np.flatnonzero(there[:, there.any(axis=0)].all(axis=1))
    chosen = np.random.default_rng(seed).permutation(whole)[:SHOWN_MOMENTS]
    packed = phase.senses.scaled(pack(moments, phase.senses, chosen))
    return packed, torch.from_numpy(there[chosen])


def _shares(
    fusion: Fusion, packed: Float[Tensor, "row width"], there: Bool[Tensor, "row sense"]
) -> Mapping[str, Mapping[str, float]]:
    """By set of senses, the attention on each of them and on nothing."""
    known = [place for place in range(len(SENSES)) if there[:, place].any()]
    found = {}
    for lost in (None, *known):
        mask = there.clone()
        if lost is not None:
            mask[:, lost] = False
        with torch.no_grad():
            shares = attention_by_sense(fusion(packed, mask)[2], mask)
        name = "all senses" if lost is None else f"without {SENSES[lost]}"
        found[name] = {key.removeprefix(PREFIX): float(value) for key, value in shares.items()}
    return found
