"""The forgetting gate: does EWC protect what a policy has learned?

One network clones a scripted expert on pick-place, then on push, and is played on both before and
after (Meta-World v3, success at any step). It is never told the task, except PackNet, which needs
it to choose its mask. Every arm is a method of `nsca.continual`; arms of a seed share initial
weights, demonstrations, order of batches and evaluation episodes.

Arms: `naive` (the control that must forget), `ewc` (judged), and beside them `packnet`,
`old_policy` (ClonEx), `dark_replay` (DER++) and `joint` (the upper bound, on both tasks at once).
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure
from torch import nn

from nsca.benchmarks.success import play
from nsca.continual.dark_replay import DarkReplay
from nsca.continual.elastic_weights import ElasticWeights
from nsca.continual.joint import Joint
from nsca.continual.likelihood import ActionLikelihood
from nsca.continual.manipulation import ClonedPolicy, network, samples_of
from nsca.continual.method import Method, Naive, Samples
from nsca.continual.old_policy import OldPolicyCloning
from nsca.continual.packnet import PackNet
from nsca.continual.training import TrainingSettings, learn
from nsca.data.demonstrating import record_demonstrations
from nsca.gates.gate import Cell, CellResult, Gate, Row, values
from nsca.gates.verdict import Kind, Verdict
from nsca.reporting.forgetting_plots import forgetting_figure
from nsca.statistics import detectable_effect, mean_and_standard_error, paired_difference
from nsca.worlds.metaworld.episode_seeds import episode_seeds

FIRST, SECOND = "pick-place-v3", "push-v3"
NAIVE, EWC, JOINT = "naive", "ewc", "joint"
METHODS = (NAIVE, EWC, "packnet", "old_policy", "dark_replay", JOINT)
QUICK_SEEDS, QUICK_STEPS, QUICK_EPISODES = 1, 10, 4


@dataclass(frozen=True, eq=False)
class ForgettingGate(Gate):
    """See the module; thresholds and their reasons stand in conf/gate/forgetting.yaml.

    Attributes:
        first_demonstrations, second_demonstrations: of pick-place and of push.
        width: of both hidden layers.
        steps, batch, rate: of the optimiser, a task.
        deviation: of the displacements' likelihood.
        strength: of EWC.
        memory, replay_batch: samples that the two methods with a memory keep, and use in a step.
        clone_strength: weight of the old policy's divergence.
        dark_alpha, dark_beta: weights of DER++.
        retrain_steps: of PackNet after pruning.
        episodes, episode_steps: of each evaluation.
        most_lost: of the first task with EWC, a share of episodes.
        least_ratio: of the second task with EWC to that of naive training.
        control_lost: of the first task with naive training, at least.
        least_learned: of each task by naive training right after it, or nothing can be judged.
        joint_ratio: of joint training to what was learned alone, in both tasks, or they are in
            conflict and nobody can have both.
    """

    first_demonstrations: int
    second_demonstrations: int
    width: int
    steps: int
    batch: int
    rate: float
    deviation: float
    strength: float
    memory: int
    replay_batch: int
    clone_strength: float
    dark_alpha: float
    dark_beta: float
    retrain_steps: int
    episodes: int
    episode_steps: int
    most_lost: float
    least_ratio: float
    control_lost: float
    least_learned: float
    joint_ratio: float

    reference: ClassVar[str] = NAIVE
    shown: ClassVar[Mapping[str, str]] = {
        "first_before": "pick-place right after it was learned, share of episodes",
        "first_after": "pick-place after push was learned, share of episodes",
        "forgetting": "first_before minus first_after",
        "second_before": "push before it was learned (zero-shot), share of episodes",
        "second_after": "push after it was learned, share of episodes",
        "forward_transfer": "second_after minus that of the same network on push alone",
    }

    @property
    def criterion(self) -> str:
        return (
            f"with EWC pick-place loses less than {100 * self.most_lost:.0f} points and push "
            f"reaches at least {self.least_ratio} of its score under naive training, in the mean "
            f"over seeds; naive training loses at least {100 * self.control_lost:.0f} points; EWC "
            "loses less than naive training with a 95 % t interval above 0"
        )

    def cells(self, quick: bool) -> list[Cell]:
        seeds = self.seeds[:QUICK_SEEDS] if quick else self.seeds
        steps, episodes = (QUICK_STEPS, QUICK_EPISODES) if quick else (self.steps, self.episodes)
        settings = {"steps": steps, "episodes": episodes}
        return [Cell(method, seed, settings) for seed in seeds for method in METHODS]

    def run(self, cell: Cell) -> CellResult:
        steps, episodes = int(cell.parameters["steps"]), int(cell.parameters["episodes"])
        settings = TrainingSettings(steps, self.batch, self.rate)
        counts = self.first_demonstrations, self.second_demonstrations
        first, second = (
            demonstrated(task, count, cell.seed)
            for task, count in zip((FIRST, SECOND), counts, strict=True)
        )
        success = functools.partial(
            _success, seed=cell.seed, episodes=episodes, steps=self.episode_steps
        )
        likelihood = ActionLikelihood(self.deviation)
        method = self.method(cell.arm, likelihood, cell.seed)
        model = network(self.width, cell.seed)
        learn(model, first, 0, method, likelihood, settings, cell.seed)
        figures = {
            "first_before": success(method.model_for(model, 0), FIRST),
            "second_before": success(method.model_for(model, 1), SECOND),
        }
        learn(model, second, 1, method, likelihood, settings, cell.seed)
        figures["first_after"] = success(method.model_for(model, 0), FIRST)
        figures["second_after"] = success(method.model_for(model, 1), SECOND)
        figures["second_alone"] = _success_alone(
            SECOND, counts[1], cell.seed, self.width, settings, self.deviation, episodes,
            self.episode_steps,
        )  # fmt: skip
        figures["forgetting"] = figures["first_before"] - figures["first_after"]
        figures["forward_transfer"] = figures["second_after"] - figures["second_alone"]
        return CellResult(figures | method.figures())

    def method(self, arm: str, likelihood: ActionLikelihood, seed: int) -> Method:
        """A new instance of the arm's method.

        Raises:
            KeyError: no such arm.
        """
        made: dict[str, Callable[[], Method]] = {
            NAIVE: Naive,
            EWC: lambda: ElasticWeights(likelihood, self.strength, seed=seed),
            "packnet": lambda: PackNet(tasks=2, retrain_steps=self.retrain_steps),
            "old_policy": lambda: OldPolicyCloning(
                likelihood, self.memory, self.clone_strength, self.replay_batch, seed
            ),
            "dark_replay": lambda: DarkReplay(
                likelihood, self.memory, self.dark_alpha, self.dark_beta, self.replay_batch, seed
            ),
            JOINT: Joint,
        }
        return made[arm]()

    def judge(self, rows: Sequence[Row]) -> Verdict:
        figures = self._figures(rows)
        kind, statement = self._outcome(figures)
        ends = (
            "; with EWC pick-place went from {ewc_first_before:.0%} to {ewc_first_after:.0%} and "
            "push reached {ewc_second_after:.0%}, naively from {naive_first_before:.0%} to "
            "{naive_first_after:.0%} with push at {naive_second_after:.0%} ({seeds:.0f} seeds)"
        )
        return Verdict(kind, statement + ends, figures)

    def _figures(self, rows: Sequence[Row]) -> dict[str, float]:
        found: dict[str, float] = {}
        for method in METHODS:
            for name in (*self.shown, "second_alone"):
                mean, error = mean_and_standard_error(list(values(rows, method, name).values()))
                found[f"{method}_{name}"] = mean
                found[f"{method}_{name}_se"] = error
        naive, ewc = (values(rows, arm, "forgetting") for arm in (NAIVE, EWC))
        seeds = sorted(naive)
        saved = paired_difference([naive[s] for s in seeds], [ewc[s] for s in seeds])
        lost = paired_difference([ewc[s] for s in seeds], [0.0] * len(seeds))
        learned = max(found["naive_second_after"], 1e-9)
        alone = max(found["naive_first_before"], 1e-9), max(found["naive_second_alone"], 1e-9)
        return found | {
            "saved": saved.mean,
            "saved_low": saved.low,
            "saved_high": saved.high,
            "saved_d_z": saved.cohens_d,
            "lost_low": lost.low,
            "lost_high": lost.high,
            "ratio": found["ewc_second_after"] / learned,
            "joint_first_ratio": found["joint_first_after"] / alone[0],
            "joint_second_ratio": found["joint_second_after"] / alone[1],
            "seeds": len(seeds),
            "detectable_d_z": detectable_effect(len(seeds)) if len(seeds) > 1 else np.inf,
        }

    def _outcome(self, f: dict[str, float]) -> tuple[Kind, str]:
        if min(f["naive_first_before"], f["naive_second_after"]) < self.least_learned:
            return Kind.FLOOR, "a task was not learned at all, so nothing can be forgotten"
        if min(f["joint_first_ratio"], f["joint_second_ratio"]) < self.joint_ratio:
            return Kind.CONTROL_MISBEHAVED, (
                "joint training does not solve both tasks ({joint_first_after:.0%} and "
                "{joint_second_after:.0%}): they are in conflict"
            )
        if f["naive_forgetting"] < self.control_lost:
            return Kind.CONTROL_MISBEHAVED, (
                "naive training forgets only {naive_forgetting:.0%} of episodes"
            )
        if f["saved_high"] < 0:
            return Kind.HARMFUL, "EWC forgets more than naive training"
        if f["saved_low"] <= 0:
            return Kind.NO_EFFECT, (
                "EWC does not protect: the interval of what it saves spans 0 ({saved_low:.0%} to "
                "{saved_high:.0%})"
            )
        remembers = f["ewc_forgetting"] < self.most_lost
        learns = f["ratio"] >= self.least_ratio
        if remembers and learns:
            return Kind.PASS, (
                "EWC protects: {ewc_forgetting:.1%} of episodes lost (95 % from {lost_low:.1%} to "
                "{lost_high:.1%}), push at {ratio:.2f} of its naive score"
            )
        if learns:
            return Kind.WEAK, (
                "EWC protects, but not enough: {ewc_forgetting:.1%} of episodes lost, push at "
                "{ratio:.2f} of its naive score"
            )
        said = "nor remembered" if not remembers else "though remembered"
        return Kind.FAIL, (
            "EWC is too strong to learn: push at {ratio:.2f} of its naive score, pick-place "
            f"{said} " + "({ewc_forgetting:.1%} of episodes lost)"
        )

    def plot(self, rows: Sequence[Row]) -> Figure:
        return forgetting_figure(
            {
                method: {
                    name: list(values(rows, method, name).values())
                    for name in ("first_before", "first_after", "second_after")
                }
                for method in METHODS
            },
            NAIVE,
            most_lost=self.most_lost,
            least_ratio=self.least_ratio,
        )


# The arms of a seed share these; a worker need not make them again.
@functools.lru_cache(maxsize=4)
def demonstrated(task: str, count: int, seed: int) -> Samples:
    """What is learned: the scripted expert's demonstrations."""
    recording = record_demonstrations(task, count, seed, steps_after_success=30)
    return samples_of(recording.demonstrations)


@functools.lru_cache(maxsize=2)
def _success_alone(
    task: str,
    count: int,
    seed: int,
    width: int,
    settings: TrainingSettings,
    deviation: float,
    episodes: int,
    episode_steps: int,
) -> float:
    """Success of a network that learned this second task and nothing before."""
    model = network(width, seed)
    samples = demonstrated(task, count, seed)
    learn(model, samples, 1, Naive(), ActionLikelihood(deviation), settings, seed)
    return _success(model, task, seed=seed, episodes=episodes, steps=episode_steps)


def _success(model: nn.Module, task: str, *, seed: int, episodes: int, steps: int) -> float:
    """Share of held-out episodes that succeed at any step."""
    seeds = episode_seeds(task, "evaluation", seed, episodes)
    return play(ClonedPolicy(model), task, seeds, max_steps=steps).rate
