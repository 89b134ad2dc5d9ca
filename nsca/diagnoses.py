"""What can be seen to go wrong in training, and what helps: one table of pure rules.

A rule sees the history of every metric, `name -> [(step, value), ...]` in order, and returns the
evidence or None. `callbacks/diagnosis.py` feeds the table and prints what it finds. Thresholds are
judgements, chosen so that healthy runs of this project stay silent; each is named and stands here
alone.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

History = Mapping[str, Sequence[tuple[int, float]]]
STAGE = "train/stage"

COLLAPSED_STD = 0.05
"""Spread of normalised embeddings; 1 is isotropic."""
COLLAPSED_RANK = 2.0
"""Effective rank below this: everything lies on a line."""
DIVERGED_RATIO = 1.5
"""Recent loss over the best loss so far."""
OSCILLATION = 0.3
"""Typical jump from one row to the next over the loss itself, with the jumps changing sign."""
PLATEAU_SHARE = 0.005
"""Smallest change from the first rows to the last, over the first, that counts as movement."""
EARLY_STEPS, NO_PROGRESS_STEPS = 200, 1000
LARGEST_OUTPUT = 1e4
"""Of anything that a phase gives; half precision ends at 65,504."""
SENSE_VALIDATIONS = 4
"""Validations in which one sense's error rises while the others' fall."""
SENSE_RISE = 0.05
HELD_SHARE = 0.5
"""Of the loss that is the penalty on forgetting."""
NAIVE = 1.0
"""The dynamics' physical error of keeping the last state."""
GAVE_WAY = 0.05
"""By which the prior's weight must fall to count as giving way."""
STARVED_SHARE = 0.3
"""Share of the time spent waiting for the loader."""
GAP_RATIO = 0.5
"""Validation loss above training loss, over the training loss."""
FLAT_VALIDATIONS = 10
RECENT_ROWS = 5
FEWEST_ROWS = 20


@dataclass(frozen=True)
class Rule:
    """One row of the table: its condition returns the evidence, or None where all is well."""

    name: str
    condition: Callable[[History], str | None]
    remedy: str


@dataclass(frozen=True)
class Diagnosis:
    """A rule that fired."""

    name: str
    evidence: str
    remedy: str


def diagnose(history: History) -> list[Diagnosis]:
    """Return every rule that fires on a history, in the order of the table. Where training goes
    through stages, which have losses of their own, only the newest one is looked at.
    """
    history = _newest_stage(history)
    fired = ((rule, rule.condition(history)) for rule in RULES)
    return [Diagnosis(rule.name, found, rule.remedy) for rule, found in fired if found is not None]


def _newest_stage(history: History) -> History:
    stages = history.get(STAGE, ())
    earlier = [step for step, stage in stages if stage != stages[-1][1]]
    if not earlier:
        return history
    return {
        name: [(s, v) for s, v in rows if s > earlier[-1]] if name.startswith("train/") else rows
        for name, rows in history.items()
    }


def _values(history: History, name: str) -> list[float]:
    return [value for _, value in history.get(name, ())]


def _of_parts(history: History, split: str, figure: str) -> list[str]:
    """Names of a figure (a pattern) of a split: itself, or that of each part that is learned."""
    return [name for name in history if re.fullmatch(rf"{split}/(\w+_)?{figure}", name)]


def _finite_losses(history: History) -> list[float]:
    return [value for value in _values(history, "train/loss") if math.isfinite(value)]


def _collapsed(history: History) -> str | None:
    for figure, least in (("embedding_std", COLLAPSED_STD), ("effective_rank", COLLAPSED_RANK)):
        for name in _of_parts(history, "val", figure):
            values = _values(history, name)
            if values and values[-1] < least:
                return f"{name.removeprefix('val/')} {values[-1]:.3g} is below {least}"
    return None


def _not_finite(history: History) -> str | None:
    bad = [(step, v) for step, v in history.get("train/loss", ()) if not math.isfinite(v)]
    if bad:
        return f"the loss was {bad[0][1]} at step {bad[0][0]}"
    skipped = history.get("train/skipped_steps", ())  # it need not be at a step that is written
    if skipped:
        return f"{skipped[-1][1]:.0f} steps were skipped until step {skipped[-1][0]}"
    return None


def _diverging(history: History) -> str | None:
    losses = _finite_losses(history)
    if len(losses) < FEWEST_ROWS:
        return None
    windows = [fmean(losses[i : i + RECENT_ROWS]) for i in range(len(losses) - RECENT_ROWS + 1)]
    best, recent = min(windows), windows[-1]
    if recent - best > (DIVERGED_RATIO - 1) * max(abs(best), 1e-8):
        return f"the loss rose from {best:.3g} to {recent:.3g}"
    return None


def _oscillating(history: History) -> str | None:
    losses = _finite_losses(history)[-FEWEST_ROWS:]
    if len(losses) < FEWEST_ROWS:
        return None
    jumps = [b - a for a, b in pairwise(losses)]
    turns = sum(a * b < 0 for a, b in pairwise(jumps)) / (len(jumps) - 1)
    size = median(abs(jump) for jump in jumps) / max(abs(fmean(losses)), 1e-8)
    if size > OSCILLATION and turns > 0.5:
        return f"the loss jumps by {size:.0%} from one row to the next"
    return None


def _ends(losses: Sequence[float]) -> tuple[float, float]:
    """Means of the first and of the last rows."""
    return fmean(losses[:RECENT_ROWS]), fmean(losses[-RECENT_ROWS:])


def _stands_still(history: History) -> str | None:
    rows = [(s, v) for s, v in history.get("train/loss", ()) if math.isfinite(v)]
    if len(rows) < FEWEST_ROWS or _diverging(history):
        return None
    first, last = _ends([value for _, value in rows])
    if first - last < PLATEAU_SHARE * abs(first):
        return f"after {rows[-1][0]} steps the loss is {last:.4g}, at the start it was {first:.4g}"
    return None


def _last_step(history: History) -> int:
    return max((step for step, _ in history.get("train/loss", ())), default=0)


def _early_plateau(history: History) -> str | None:
    early = EARLY_STEPS <= _last_step(history) < NO_PROGRESS_STEPS
    return _stands_still(history) if early else None


def _no_progress(history: History) -> str | None:
    return _stands_still(history) if _last_step(history) >= NO_PROGRESS_STEPS else None


def _starved(history: History) -> str | None:
    shares = _values(history, "loader/wait_share")[-RECENT_ROWS:]
    if len(shares) == RECENT_ROWS and min(shares) > STARVED_SHARE:
        return f"{fmean(shares):.0%} of the time goes into waiting for data"
    return None


def _gap(history: History) -> str | None:
    train, val = _finite_losses(history), _values(history, "val/loss")
    if len(train) < RECENT_ROWS or len(val) < 2 or STAGE in history:
        return None  # a stage trains on one task, and validation is of all
    recent, held_out = fmean(train[-RECENT_ROWS:]), val[-1]
    if held_out - recent > GAP_RATIO * max(abs(recent), 1e-8) and held_out > min(val):
        return f"validation loss {held_out:.3g} against {recent:.3g} in training, and rising"
    return None


def _flat_validation(history: History) -> str | None:
    """By probes, of which more is better; where there is none, by the loss: of a single stage."""
    probes = [_values(history, name) for name in _of_parts(history, "val", r"probe_\w+")]
    loss = [] if STAGE in history else [-value for value in _values(history, "val/loss")]
    series = probes or [loss]
    if min(len(values) for values in series) <= FLAT_VALIDATIONS:
        return None
    earlier = [max(values[:-FLAT_VALIDATIONS]) for values in series]
    later = [max(values[-FLAT_VALIDATIONS:]) for values in series]
    if all(b <= a for a, b in zip(earlier, later, strict=True)):
        what = "no probe" if probes else "the loss has not"
        return f"{what} improved in the last {FLAT_VALIDATIONS} validations"
    return None


def _out_of_range(history: History) -> str | None:
    largest = _values(history, "val/largest_output")
    if largest and not largest[-1] <= LARGEST_OUTPUT:
        return f"an output of {largest[-1]:.3g} is beyond {LARGEST_OUTPUT:g}"
    return None


def _out_of_memory(history: History) -> str | None:
    held = _values(history, "train/micro_batch")
    return f"steps are taken with {held[-1]:.0f} samples at a time" if held else None


def _one_sense_worse(history: History) -> str | None:
    last = {
        name.removeprefix("val/prediction_"): _values(history, name)[-SENSE_VALIDATIONS:]
        for name in history
        if name.startswith("val/prediction_")
    }
    if len(last) < 2 or min(map(len, last.values())) < SENSE_VALIDATIONS:
        return None
    rising = [
        name
        for name, errors in last.items()
        if all(b > a for a, b in pairwise(errors)) and errors[-1] > (1 + SENSE_RISE) * errors[0]
    ]
    falling = [name for name, errors in last.items() if errors[-1] < errors[0]]
    if len(rising) == 1 and len(falling) == len(last) - 1:
        errors = last[rising[0]]
        return f"{rising[0]} rose from {errors[0]:.3g} to {errors[-1]:.3g}, all others fell"
    return None


def _held_back(history: History) -> str | None:
    share_at = dict(history.get("train/ewc_share", ()))
    rows = [(v, share_at[s]) for s, v in history.get("train/loss", ()) if s in share_at]
    if len(rows) < FEWEST_ROWS or min(share for _, share in rows[-RECENT_ROWS:]) <= HELD_SHARE:
        return None
    first, last = _ends([loss * (1 - share) for loss, share in rows])
    if first - last < PLATEAU_SHARE * abs(first):
        share = fmean(share for _, share in rows[-RECENT_ROWS:])
        return f"{share:.0%} of the loss is the penalty, and the rest of it does not fall"
    return None


def _prior_prevails(history: History) -> str | None:
    weights = _values(history, "train/prior_weight")
    errors = [v for name in _of_parts(history, "train", "physical") for v in _values(history, name)]
    if min(len(weights), len(errors)) < FEWEST_ROWS or weights[0] - weights[-1] > GAVE_WAY:
        return None
    recent = fmean(errors[-RECENT_ROWS:])
    if recent >= NAIVE:
        return (
            f"its weight is {weights[-1]:.2f}, and the error of motion {recent:.3g}, where that of "
            f"standing still is {NAIVE:g}"
        )
    return None


RULES = (
    Rule(
        "collapsed embeddings",
        _collapsed,
        "raise phase.loss_weights.variance or phase.loss_weights.nt_xent, or effective_batch; "
        "lower phase.loss_weights.temporal and .invariance (of a part in phase=full: "
        "phase.loss_weights.vision_variance and so on)",
    ),
    Rule(
        "loss not finite",
        _not_finite,
        "lower phase.optimizer.learning_rate, set trainer.gradient_clip_val=0.1; if it is always "
        "the same step, look at that batch (seed and step give it again)",
    ),
    Rule(
        "diverging loss",
        _diverging,
        "lower phase.optimizer.learning_rate to a third; warm-up takes at most a tenth of "
        "trainer.max_steps",
    ),
    Rule(
        "oscillating loss",
        _oscillating,
        "lower phase.optimizer.learning_rate, set trainer.gradient_clip_val=0.1, or raise "
        "effective_batch",
    ),
    Rule(
        "early plateau",
        _early_plateau,
        "raise phase.optimizer.learning_rate threefold (debug=find_lr suggests one)",
    ),
    Rule(
        "no progress",
        _no_progress,
        "see with debug=overfit whether one batch can be learned; if it can, try another "
        "phase.optimizer.learning_rate (debug=find_lr), else look at the data and the losses",
    ),
    Rule(
        "data starvation",
        _starved,
        "the device waits for batches, which are gathered from memory: run fewer other jobs, or "
        "see with debug=profiler what is slow",
    ),
    Rule(
        "train/val gap",
        _gap,
        "more data or stronger phase augmentation, higher phase.optimizer.weight_decay, "
        "or an earlier stop (early_stopping.patience)",
    ),
    Rule(
        "flat validation",
        _flat_validation,
        "training longer no longer helps: stop here (early_stopping.patience does), or change the "
        "data, the losses or the model",
    ),
    Rule(
        "output out of range",
        _out_of_range,
        "lower phase.optimizer.learning_rate, raise phase.optimizer.weight_decay; with half "
        "precision hardware.precision=bf16-mixed, which has the range of single precision",
    ),
    Rule(
        "out of memory",
        _out_of_memory,
        "the run goes on, more slowly; for the next one lower hardware.micro_batch.default or, "
        "where encoders learn (vision, audio, full), choose hardware.gradient_checkpointing=true",
    ),
    Rule(
        "one sense gets worse",
        _one_sense_worse,
        "look at that sense's recordings (python -m nsca.data preview) and at what its encoder "
        "learned; raise phase.loss_weights.prediction (in phase=full "
        "phase.loss_weights.fusion_prediction), or lower data_module.drop",
    ),
    Rule(
        "forgetting penalty too strong",
        _held_back,
        "lower phase.loss_weights.ewc to a tenth",
    ),
    Rule(
        "prior does not give way",
        _prior_prevails,
        "prior_weight=learned with a lower prior_weight.floor, lower "
        "phase.loss_weights.contribution (in phase=full phase.loss_weights.dynamics_contribution), "
        "or another prior",
    ),
)
"""The table."""
