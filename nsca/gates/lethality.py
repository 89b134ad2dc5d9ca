"""The lethality gate: does a physics prior help a few-shot agent at all?

Every arm has the same demonstrations, recipe, agent and evaluation episodes under a seed; between
them only the prior and the weight at which it is held differ. Where the arms are at the ceiling or
the floor of the first setting, the next of the settings fixed beforehand is judged. Beside them
stand agents that have no model or do not choose by it; the verdict does not depend on these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer
from matplotlib.figure import Figure

from nsca.benchmarks.few_shot_arms import BASELINES, Arm, Baseline, Imagining
from nsca.benchmarks.few_shot_learning import Recipe, record
from nsca.benchmarks.few_shot_setting import Setting
from nsca.errors import UserError
from nsca.gates.gate import Cell, CellResult, Gate, Row, values
from nsca.gates.verdict import Kind, Verdict
from nsca.phases.fewshot.module import FewShotPhase
from nsca.priors.none import NoPrior
from nsca.priors.prior import Prior
from nsca.reporting.plots import INK
from nsca.statistics import detectable_effect, mean_and_standard_error, paired_difference

HIGH, MIDDLE, LOW = "prior_0.9", "prior_0.5", "prior_0.1"
NONE, RANDOM, LEARNED = "none", "random_fixed", "learnable"
WEIGHTS = {HIGH: 0.9, MIDDLE: 0.5, LOW: 0.1, NONE: 0.0, RANDOM: 0.9, LEARNED: 0.9}
ACCEPT_ALL = "accept_all"  # 0.9, but its proposals are taken as they come
CLONES = frozenset({"plain_bc", "relative_bc", "ensemble_bc"})
HARDER = "harder_"  # before the names of that setting's figures
QUICK_STEPS, QUICK_SEEDS, QUICK_EPISODES = 20, 2, 3


class WeightTrace(Callback):
    """The prior's weight before the first step, and after every hundredth of the training.

    Args:
        steps: of the training.
    """

    def __init__(self, steps: int) -> None:
        self.every = max(1, steps // 100)
        self.step: list[float] = []
        self.weight: list[float] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note where the weight begins."""
        self._note(trainer, pl_module)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Note where it is."""
        if trainer.global_step % self.every == 0:
            self._note(trainer, pl_module)

    def _note(self, trainer: Trainer, phase: LightningModule) -> None:
        if not isinstance(phase, FewShotPhase):
            raise TypeError(f"{type(phase).__name__} blends no prior")
        self.step.append(float(trainer.global_step))
        self.weight.append(float(phase.dynamics.blend.weight()))


@dataclass(frozen=True, eq=False)
class LethalityGate(Gate):
    """See the module; thresholds and their reasons stand in conf/gate/lethality.yaml.

    Attributes:
        prior: the treatment.
        control: the same weight on a prior that knows nothing.
        setting: "task demonstrations"; the task may be altered, see `Setting.parse`.
        harder: judged instead where the first is saturated.
        recipe: how the dynamics are trained, in every arm.
        episodes: of evaluation, for every arm and seed.
        gain: that the 0.9 arm must have over the 0.5 arm, as a share of episodes.
        ceiling, floor: weights 0.9 and 0.5 above, or all three below, cannot differ.

    Raises:
        UserError: a setting is of no task, or says no number of demonstrations.
    """

    prior: Prior
    control: Prior
    setting: str
    harder: str
    recipe: Recipe
    episodes: int
    gain: float
    ceiling: float
    floor: float

    reference: ClassVar[str] = NONE
    shown: ClassVar[Mapping[str, str]] = {
        f"{prefix}{name}": f"{meaning}, {where} setting"
        for prefix, where in (("", "first"), (HARDER, "harder"))
        for name, meaning in (
            ("success", "share of evaluation episodes that succeed at any step"),
            ("first_plan", "share of them that succeed with the first plan"),
            ("attempts", "plans begun until the first success, mean"),
            ("motion_cm", "how far things move in 1/8 s: the error of expecting that nothing does"),
            (
                "imagined",
                "share of them whose first plan ends within 4 cm of its promise in imagination",
            ),
            ("model_error_cm", "of places 1/8 s ahead on held-out demonstrations, in cm"),
            ("weight", "of the prior in the end"),
        )
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        for text in (self.setting, self.harder):
            _read(text)

    @property
    def criterion(self) -> str:
        return (
            "success with weight 0.9 exceeds that with 0.5 by more than "
            f"{100 * self.gain:.0f} points, the paired interval above 0, at {self.setting} "
            f"demonstrations or, where the arms are above {self.ceiling:.0%} or below "
            f"{self.floor:.0%} there, at {self.harder}; neither "
            "a random prior at 0.9 nor a model without one does as well"
        )

    def cells(self, quick: bool) -> list[Cell]:
        steps = QUICK_STEPS if quick else self.recipe.steps
        episodes = QUICK_EPISODES if quick else self.episodes
        held = WEIGHTS | {ACCEPT_ALL: WEIGHTS[HIGH]}
        # how long clones train was chosen with them: a quick run cannot shorten it
        beside = [each for each in BASELINES if not (quick and each in CLONES)]
        return [
            Cell(arm, seed, own | {"steps": steps, "episodes": episodes})
            for seed in self.seeds[: QUICK_SEEDS if quick else None]
            for arm, own in (
                *((arm, {"weight": weight}) for arm, weight in held.items()),
                *((arm, {}) for arm in beside),
            )
        ]

    def run(self, cell: Cell) -> CellResult:
        recipe = replace(self.recipe, steps=int(cell.parameters["steps"]))
        figures: dict[str, float] = {}
        series: dict[str, list[float]] = {}
        for prefix, setting in (("", self.setting), (HARDER, self.harder)):
            where, count = _read(setting)
            shown = record(where, count, cell.seed)
            torch.manual_seed(cell.seed)  # the second setting must not depend on the first
            arm, episodes = self._arm(cell), int(cell.parameters["episodes"])
            if isinstance(arm, Imagining):
                trace = WeightTrace(recipe.steps)
                phase = arm.learn(shown, recipe, cell.seed, [trace])
                found = arm.judge(phase, shown, where, cell.seed, episodes)
                if arm.learnable:
                    series |= {"step": trace.step, f"{prefix}weight": trace.weight}
            else:
                found = arm.figures(shown, where, recipe, cell.seed, episodes)
            found["expert_success"] = shown.expert_success  # of no table: it is the same for all
            figures |= {f"{prefix}{name}": value for name, value in found.items()}
        return CellResult(figures, series)

    def _arm(self, cell: Cell) -> Arm:
        if cell.arm in BASELINES:
            return Baseline(cell.arm)
        prior = {NONE: NoPrior(), RANDOM: self.control}.get(cell.arm, self.prior)
        choice = "chance" if cell.arm == ACCEPT_ALL else "imagined"
        return Imagining(prior, float(cell.parameters["weight"]), cell.arm == LEARNED, choice)

    def judge(self, rows: Sequence[Row]) -> Verdict:
        chosen, figures = self.setting, self._figures(rows, "")
        if self._saturated(figures) is not None:
            chosen, figures = self.harder, self._figures(rows, HARDER)
        kind, said = self._outcome(figures)
        where = f"At {chosen.replace(' ', ' with ')} demonstrations: "
        tail = (
            ". {high:.0%} of episodes succeed with weight 0.9, {middle:.0%} with 0.5, {low:.0%} "
            "with 0.1, {none:.0%} without a prior, {random:.0%} with a random one; 0.9 over 0.5 "
            "{gain:+.3f}, 95 % from {gain_low:+.3f} to {gain_high:+.3f} in {seeds:.0f} seeds. The "
            "model's error is {error_high:.3f} cm with 0.9, {error_none:.3f} cm without."
        )
        return Verdict(kind, where + said + tail, figures)

    def _figures(self, rows: Sequence[Row], prefix: str) -> dict[str, float]:
        success = {arm: values(rows, arm, f"{prefix}success") for arm in WEIGHTS}
        errors = {arm: values(rows, arm, f"{prefix}model_error_cm") for arm in WEIGHTS}
        seeds = sorted(success[HIGH])
        high, middle, low = ([success[arm][seed] for seed in seeds] for arm in (HIGH, MIDDLE, LOW))
        gain, over_low, over_none, over_random = (
            paired_difference(high, [success[arm][seed] for seed in seeds])
            for arm in (MIDDLE, LOW, NONE, RANDOM)
        )
        return {
            "high": float(np.mean(high)),
            "middle": float(np.mean(middle)),
            "low": float(np.mean(low)),
            "none": mean_and_standard_error(list(success[NONE].values()))[0],
            "random": mean_and_standard_error(list(success[RANDOM].values()))[0],
            "learnable": mean_and_standard_error(list(success[LEARNED].values()))[0],
            "gain": gain.mean,
            "gain_low": gain.low,
            "gain_high": gain.high,
            "gain_d": gain.cohens_d,
            "over_low": over_low.mean,
            "over_low_high": over_low.high,
            "over_none": over_none.mean,
            "over_none_low": over_none.low,
            "over_random": over_random.mean,
            "over_random_low": over_random.low,
            "error_high": float(np.mean(list(errors[HIGH].values()))),
            "error_none": float(np.mean(list(errors[NONE].values()))),
            "seeds": len(seeds),
            "detectable_d": detectable_effect(len(seeds)),
        }

    def _saturated(self, f: dict[str, float]) -> Kind | None:
        if min(f["high"], f["middle"]) > self.ceiling:  # whatever 0.1 does, it cannot beat them
            return Kind.CEILING
        return Kind.FLOOR if max(f["high"], f["middle"], f["low"]) < self.floor else None

    def _outcome(self, f: dict[str, float]) -> tuple[Kind, str]:
        if (saturated := self._saturated(f)) is not None:
            return saturated, f"no setting leaves room to differ ({saturated})"
        if f["over_low_high"] < 0 or f["gain_high"] < 0:
            return Kind.HARMFUL, "a lower weight beats a high one"
        if f["gain_low"] <= 0:
            return Kind.NO_EFFECT, "no effect on success (prior mechanism too weak)"
        if f["over_random_low"] <= 0:
            return Kind.CONTROL_MISBEHAVED, "a prior that knows nothing does as well"
        if f["over_none_low"] <= 0:
            return Kind.NO_EFFECT, "0.9 beats 0.5, but not a model without a prior"
        if f["gain"] <= self.gain:
            return Kind.WEAK, "the effect on success is weak"
        return Kind.PASS, "the prior helps"

    def plot(self, rows: Sequence[Row]) -> Figure:
        figure = Figure(figsize=(15, 7.6), layout="constrained")
        panels = figure.subplots(2, 4)
        settings = (("", self.setting), (HARDER, self.harder))
        for line, (prefix, setting) in zip(panels, settings, strict=True):
            for row in rows:
                if row.series:
                    line[3].plot(row.series["step"], row.series[f"{prefix}weight"], color=INK)
            line[3].set_title(f"{setting} demonstrations\nlearnable weight", fontsize=9)
            line[3].set_xlabel("optimiser step")
            line[3].set_ylim(0, 1)
            for axis, name in zip(line[:3], ("success", "imagined", "model_error_cm"), strict=True):
                by_arm = {
                    row.arm: list(values(rows, row.arm, f"{prefix}{name}").values())
                    for row in rows
                    if f"{prefix}{name}" in row.figures
                }
                for place, found in enumerate(by_arm.values()):
                    axis.plot([place] * len(found), found, "o", color="#3b7ddd", alpha=0.4)
                    axis.plot(place, np.mean(found), "_", color=INK, markersize=14)
                axis.set_xticks(range(len(by_arm)), list(by_arm), rotation=45, ha="right")
                axis.set_title(f"{setting} demonstrations\n{name.replace('_', ' ')}", fontsize=9)
        return figure


def _read(text: str) -> tuple[Setting, int]:
    """Where, and from how many demonstrations; see `LethalityGate`."""
    where, _, count = text.rpartition(" ")
    if not where or not count.isdecimal() or int(count) < 1:
        raise UserError(
            f"'{text}' is no setting of this gate",
            "write a task and how many demonstrations: 'pick-place-v3 5'",
        )
    return Setting.parse(where), int(count)
