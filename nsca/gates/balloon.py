"""The balloon gate: can a model that is born with gravity unlearn it?

A blended model (w · gravity + (1 - w) · correction) learns one-step accelerations of things in the
air from motion capture without noise. With a balloon the least correction is the one beside the
lowest weight, with a stone the one beside a weight near 1: the same training has to move the weight
to different ends. What it then knows is judged by paths from starts of another region.

Arms: `stone` (the control), `balloon`, and for the record `balloon_no_penalty`, which shows what
the penalty is for and is not judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsca.gates.balloon_learning import Correction, judge_paths, train, transitions
from nsca.gates.gate import Cell, CellResult, Gate, Row, values
from nsca.gates.verdict import Kind, Verdict
from nsca.priors.blend import BlendedAcceleration
from nsca.priors.prior import Prior
from nsca.priors.weight import PriorWeight
from nsca.reporting.plots import INK
from nsca.statistics import detectable_effect, mean_and_standard_error, paired_difference
from nsca.worlds.buoyant import BuoyantObject

CONTROL, BALLOON, FREE = "stone", "balloon", "balloon_no_penalty"
QUICK_STEPS, QUICK_SEEDS = 60, 2
COLOURS = {CONTROL: "#8b919a", BALLOON: "#3b7ddd", FREE: "#d98218"}


@dataclass(frozen=True, eq=False)
class BalloonGate(Gate):
    """See the module; thresholds and their reasons stand in conf/gate/balloon.yaml.

    Attributes:
        prior: what the model is born with.
        weight_start, weight_floor: of its learnable weight.
        steps: of the optimiser.
        penalty: on the squared contribution, both in units of g.
        lift_low, lift_high: of a balloon, buoyancy over weight; each seed draws its own, a stone
            has none.
        drag_per_s: of both.
        weight_low, weight_high: where the weight must end, in every seed.
        control_margin: by which the stone's weight must end higher, in every seed.
        rising_share: of held-out starts for which the balloon must be predicted to end higher.
        error_ratio: at most, of the error of predicted displacements over those of "it stays" and
            of "the prior is right".
    """

    prior: Prior
    weight_start: float
    weight_floor: float
    steps: int
    penalty: float
    lift_low: float
    lift_high: float
    drag_per_s: float
    weight_low: float
    weight_high: float
    control_margin: float
    rising_share: float
    error_ratio: float

    reference: ClassVar[str] = CONTROL
    shown: ClassVar[Mapping[str, str]] = {
        "weight": "of the prior at the end",
        "rising_share": "held-out starts predicted to end higher",
        "error_m": "root mean square error of held-out displacements after 1 s, in metres",
        "error_over_copy": "that error over the error of predicting no motion",
        "error_over_prior": "that error over the error of the prior alone",
    }

    @property
    def criterion(self) -> str:
        return (
            f"in every seed the weight goes from {self.weight_start} to {self.weight_low:.2f}-"
            f"{self.weight_high:.2f} and ends at least {self.control_margin} higher with a stone; "
            f"at least {self.rising_share:.0%} of held-out balloons are predicted to rise; the "
            f"error of the displacement is at most {self.error_ratio} of that of no motion and of "
            "the prior alone, with the stone of that of no motion"
        )

    def cells(self, quick: bool) -> list[Cell]:
        steps = QUICK_STEPS if quick else self.steps
        found = []
        for seed in self.seeds[: QUICK_SEEDS if quick else None]:
            draw = np.random.default_rng(seed)
            lift = round(float(draw.uniform(self.lift_low, self.lift_high)), 3)
            for arm, its_lift, penalty in (
                (CONTROL, 0.0, self.penalty),
                (BALLOON, lift, self.penalty),
                (FREE, lift, 0.0),
            ):
                settings = {"lift": its_lift, "penalty": penalty, "steps": steps}
                found.append(Cell(arm, seed, settings))
        return found

    def run(self, cell: Cell) -> CellResult:
        world = BuoyantObject(float(cell.parameters["lift"]), self.drag_per_s)
        draw = np.random.default_rng(cell.seed)
        weight = PriorWeight(self.weight_start, self.weight_floor, learnable=True)
        model = BlendedAcceleration(self.prior, weight, Correction())
        trace = train(
            model,
            transitions(world, draw),
            steps=int(cell.parameters["steps"]),
            penalty=float(cell.parameters["penalty"]),
            seed=cell.seed,
        )
        figures, gains = judge_paths(model, world, draw)
        # as many points as the paths have: the columns of one file
        kept = np.linspace(0, len(trace) - 1, len(gains["time_s"])).round().astype(int)
        weights = {"step": kept.tolist(), "weight": [trace[step] for step in kept]}
        return CellResult({"weight": trace[-1], **figures}, {**weights, **gains})

    def judge(self, rows: Sequence[Row]) -> Verdict:
        weight = values(rows, BALLOON, "weight")
        control = values(rows, CONTROL, "weight")
        seeds = sorted(weight)
        ended = [weight[seed] for seed in seeds]
        mean, error = mean_and_standard_error(ended)
        fall = paired_difference([self.weight_start] * len(seeds), ended)
        margin = paired_difference([control[seed] for seed in seeds], ended)
        figures = {
            "weight": mean,
            "weight_se": error,
            "weight_lowest": min(ended),
            "weight_highest": max(ended),
            "fall_low": fall.low,
            "fall_high": fall.high,
            "margin": margin.mean,
            "margin_low": margin.low,
            "margin_high": margin.high,
            "margin_d": margin.cohens_d,
            "margin_least": min(control[seed] - weight[seed] for seed in seeds),
            "rising_least": min(values(rows, BALLOON, "rising_share").values()),
            "over_copy_most": max(values(rows, BALLOON, "error_over_copy").values()),
            "over_prior_most": max(values(rows, BALLOON, "error_over_prior").values()),
            "stone_over_copy_most": max(values(rows, CONTROL, "error_over_copy").values()),
            "seeds": len(seeds),
            "detectable_d": detectable_effect(len(seeds)),
        }
        kind, statement = self._outcome(figures)
        ends = "; the weight ended at {weight:.3f} ± {weight_se:.4f} ({weight_lowest:.3f} to "
        ends += "{weight_highest:.3f} in {seeds:.0f} seeds), {margin:.3f} lower than with a stone."
        return Verdict(kind, statement + ends, figures)

    def _outcome(self, f: dict[str, float]) -> tuple[Kind, str]:
        if f["stone_over_copy_most"] > self.error_ratio:
            said = "Nothing was learned about a stone (error over copy {stone_over_copy_most:.2f})"
            return Kind.CONTROL_MISBEHAVED, said
        if f["weight_highest"] > self.weight_high or f["weight_lowest"] < self.weight_low:
            if f["fall_high"] < 0:
                return Kind.HARMFUL, "The weight rose although the prior is wrong"
            if f["fall_low"] <= 0:
                return Kind.NO_EFFECT, "The weight stayed: its interval spans the start"
            return Kind.WEAK, "The prior gave way, but not into the range in every seed"
        if f["margin_least"] < self.control_margin:
            said = "The weight falls where the prior is right as well (margin {margin_least:.2f})"
            return Kind.CONTROL_MISBEHAVED, said
        wrong = max(f["over_copy_most"], f["over_prior_most"]) > self.error_ratio
        if f["rising_least"] < self.rising_share or wrong:
            return Kind.FAIL, (
                "The prior was given up and nothing took its place ({rising_least:.0%} rise, error "
                "over copy {over_copy_most:.2f}, over the prior {over_prior_most:.2f})"
            )
        return Kind.PASS, (
            "The prior was unlearned, {rising_least:.0%} of held-out balloons rise, with at most "
            "{over_copy_most:.2f} of the error of no motion and {over_prior_most:.2f} of the "
            "prior's"
        )

    def plot(self, rows: Sequence[Row]) -> Figure:
        figure = Figure(figsize=(10.5, 3.9), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[3, 2])
        left.axhspan(self.weight_low, self.weight_high, color=COLOURS[BALLOON], alpha=0.13)
        left.text(0, self.weight_low + 0.01, "where the balloon's must end", fontsize=8, alpha=0.8)
        for row in rows:
            line = {"color": COLOURS[row.arm], "linewidth": 0.9, "alpha": 0.75}
            left.plot(row.series["step"], row.series["weight"], **line)
        for arm, colour in COLOURS.items():
            left.plot([], [], color=colour, label=arm.replace("_", " "))
        left.set(xlabel="optimiser step", ylabel="weight of the prior", ylim=(0.25, 1.0))
        left.set_title("The prior's weight while learning, every seed")
        left.legend(loc="upper right", ncols=3)
        _draw_paths(right, [row for row in rows if row.arm == BALLOON])
        return figure


def _draw_paths(axis: Axes, rows: Sequence[Row]) -> None:
    """Height gained by held-out balloons: predicted in every seed, true, and by the prior alone."""
    for row in rows:
        time_s = row.series["time_s"]
        axis.plot(time_s, row.series["predicted_m"], color=COLOURS[BALLOON], linewidth=0.8)
        axis.plot(time_s, row.series["true_m"], "--", color=INK, linewidth=0.9, alpha=0.5)
        axis.plot(time_s, row.series["prior_m"], ":", color="#c2410c", linewidth=0.9)
    axis.plot([], [], color=COLOURS[BALLOON], label="predicted")
    axis.plot([], [], "--", color=INK, label="true")
    axis.plot([], [], ":", color="#c2410c", label="prior alone")
    axis.set(xlabel="seconds from a held-out start", ylabel="metres gained (mean of 200)")
    axis.set_title("What it knows about balloons")
    axis.legend(loc="lower left")
