"""Whether senses agree with each other, and what the fused state listens to, at every validation.

Alignment is the word of Wang and Isola (2020, "Understanding contrastive representation learning
through alignment and uniformity") for how near positives are to each other. Theirs is a squared
distance of positives alone, which falls as well when all rows crowd together; here it is what
positives have more than negatives, so that 0 means that senses tell nothing of each other.
"""

from itertools import combinations
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.nn import functional

from nsca.data.batch import Batch, FusionBatch
from nsca.models.next_senses import NextSenses
from nsca.models.sense_names import SENSES
from nsca.objectives.fused import FusesSenses


@runtime_checkable
class FusesMoments(FusesSenses, Protocol):
    """A phase that learns to fuse senses, and to tell by them what they will say next."""

    next_senses: NextSenses

    def moment(self, batch: Batch) -> FusionBatch:
        """Return the moments of a batch that are fused."""
        ...


class FusionWatch(Callback):
    """Logs `val/alignment` (the mean over pairs of senses, and where there are several of each as
    `val/alignment_<one>_<other>`), `val/attention_entropy`, and `val/attention_<sense>`: the mean
    attention on each sense where it is there, and on the token of nothing. Where there is time also
    `val/prediction_<sense>`: the error of what each sense is told to say next.

    All senses of the validation moments are listened to, and the attention is that of the last
    layer. Figures that a batch has no rows for are left out.
    """

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if not isinstance(pl_module, FusesMoments):
            raise TypeError(f"{type(pl_module).__name__} fuses no senses")
        if trainer.sanity_checking:
            return
        with torch.no_grad():
            moment = pl_module.moment(batch)
            state, aligned, attention = pl_module.encoder(moment.now, moment.there)
            told = prediction_errors(pl_module, state, moment)
        figures = alignments(aligned.float(), moment.there, moment.belongs)
        listening = moment.there.any(dim=1)
        if bool(listening.any()):
            heard = attention[listening].float()
            figures["attention_entropy"] = attention_entropy(heard, moment.there[listening])
            figures |= attention_by_sense(heard, moment.there[listening])
        figures |= told
        named = {f"val/{name}": value for name, value in figures.items()}
        pl_module.log_dict(named, batch_size=len(batch))


def prediction_errors(
    phase: FusesMoments, state: Float[Tensor, "row state"], batch: FusionBatch
) -> dict[str, Float[Tensor, ""]]:
    """Return as `prediction_<sense>` the squared error of each sense's scaled features a moment
    later, mean over the rows that have it then; nothing without time.
    """
    if batch.action is None or batch.later is None or batch.later_there is None:
        return {}
    predicted = phase.next_senses(phase.encoder.latent(state), batch.action)
    errors = phase.senses.parts((predicted.float() - batch.later).square())
    return {
        f"prediction_{sense}": error[batch.later_there[:, place]].mean()
        for place, (sense, error) in enumerate(errors.items())
        if bool(batch.later_there[:, place].any())
    }


def alignments(
    aligned: Float[Tensor, "row sense aligned"],
    there: Bool[Tensor, "row sense"],
    belongs: Int[Tensor, " row"],
) -> dict[str, Float[Tensor, ""]]:
    """Return for each pair of senses the mean cosine of what belongs together minus that of what
    does not, in [-2, 2], and as `alignment` the mean over pairs; that alone where there is one.

    A pair is left out where no two rows that have both senses belong apart.

    Args:
        aligned: the senses in the space of comparison.
        there: which of them each row has.
        belongs: rows of one number belong together; a row does with itself.
    """
    found = {}
    for one, other in combinations(range(len(SENSES)), 2):
        both = there[:, one] & there[:, other]
        first, second = (functional.normalize(aligned[both, n], dim=1) for n in (one, other))
        same = belongs[both][:, None] == belongs[both][None, :]
        if bool((~same).any()):
            cosine = first @ second.T
            name = f"alignment_{SENSES[one]}_{SENSES[other]}"
            found[name] = cosine[same].mean() - cosine[~same].mean()
    if not found:
        return {}
    mean = {"alignment": torch.stack(list(found.values())).mean()}
    return mean | found if len(found) > 1 else mean


def attention_entropy(
    attention: Float[Tensor, "row head query token"], there: Bool[Tensor, "row sense"]
) -> Float[Tensor, ""]:
    """Return the entropy of the attention of each query and head, as a share of its maximum, the
    log of the number of tokens that are there: 0 listens to one token, 1 to all of them alike.

    Args:
        attention: on each sense, then on nothing.
        there: which senses each row has; at least one.
    """
    most = (there.sum(dim=1) + 1).float().log()
    entropy = torch.special.entr(attention).sum(dim=3)
    return (entropy / most[:, None, None]).mean()


def attention_by_sense(
    attention: Float[Tensor, "row head query token"], there: Bool[Tensor, "row sense"]
) -> dict[str, Float[Tensor, ""]]:
    """Return the mean attention on each sense over the rows that have it, and on nothing."""
    share = attention.mean(dim=(1, 2))
    found = {
        f"attention_{sense}": share[there[:, place], place].mean()
        for place, sense in enumerate(SENSES)
        if bool(there[:, place].any())
    }
    return {**found, "attention_nothing": share[:, -1].mean()}
