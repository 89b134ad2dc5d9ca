"""Who acts in a few-shot study: our agent with this or that prior, its ablations, the baselines.

All get the same demonstrations and the same evaluation episodes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from lightning import Callback

from nsca.agents.behaviour_cloning import plain_clone, relative_clone, relative_ensemble
from nsca.agents.imagining import ImaginingAgent
from nsca.agents.nearest_replay import NearestReplay
from nsca.agents.warped_demonstrations import WarpedDemonstrations
from nsca.benchmarks.few_shot_learning import Recipe, Shown, act, judge, learn, learn_seeds
from nsca.benchmarks.few_shot_setting import Setting
from nsca.benchmarks.success import Agent
from nsca.data.demonstrations import Demonstration
from nsca.phases.fewshot.module import FewShotPhase
from nsca.priors.prior import Prior
from nsca.priors.weight import PriorWeight
from nsca.spelling import advice

Makes = Callable[[Sequence[Demonstration], int], Agent]

# from demonstrations and a seed; none of them has a model of anything
BASELINES: Mapping[str, Makes] = {
    "plain_bc": plain_clone,
    "relative_bc": relative_clone,
    "ensemble_bc": relative_ensemble,
    "nearest_replay": lambda shown, _: NearestReplay(shown),
    "warped": lambda shown, _: WarpedDemonstrations(shown),
    "model_removed": lambda shown, _: ImaginingAgent(shown, None),
}


@runtime_checkable
class Arm(Protocol):
    """Learns from demonstrations and acts; figures by name, `success` among them."""

    def figures(
        self, shown: Shown, setting: Setting, recipe: Recipe, seed: int, episodes: int
    ) -> dict[str, float]:
        """Learn and be judged; see `judge` for names and units."""
        ...


@runtime_checkable
class PhaseArm(Arm, Protocol):
    """An arm that trains a phase, which is why its seeds can learn at once."""

    def learn_seeds(
        self, shown: Sequence[Shown], recipe: Recipe, seeds: Sequence[int]
    ) -> list[FewShotPhase]:
        """One trained phase a seed; see `few_shot_learning.learn_seeds`."""
        ...

    def judge(
        self, phase: FewShotPhase, shown: Shown, setting: Setting, seed: int, episodes: int
    ) -> dict[str, float]:
        """What `figures` says of the phase that it has trained itself."""
        ...


@dataclass(frozen=True, eq=False)
class Imagining:
    """Our agent.

    Attributes:
        prior: of its dynamics.
        weight: of the prior; held there, with a floor of 0, unless it is learnable.
        learnable: whether training moves it.
        choice: "imagined", or "chance" for the ablation that accepts all proposals alike.
    """

    prior: Prior
    weight: float
    learnable: bool = False
    choice: Literal["imagined", "chance"] = "imagined"

    def figures(
        self, shown: Shown, setting: Setting, recipe: Recipe, seed: int, episodes: int
    ) -> dict[str, float]:
        return self.judge(self.learn(shown, recipe, seed), shown, setting, seed, episodes)

    def learn(
        self, shown: Shown, recipe: Recipe, seed: int, watching: Sequence[Callback] = ()
    ) -> FewShotPhase:
        """One trained phase; see `few_shot_learning.learn`."""
        return learn(shown, self.prior, self._start(), recipe, seed, watching)

    def learn_seeds(
        self, shown: Sequence[Shown], recipe: Recipe, seeds: Sequence[int]
    ) -> list[FewShotPhase]:
        return learn_seeds(shown, self.prior, self._start, recipe, seeds)

    def judge(
        self, phase: FewShotPhase, shown: Shown, setting: Setting, seed: int, episodes: int
    ) -> dict[str, float]:
        agent = ImaginingAgent(shown.learned, phase.dynamics, choice=self.choice, seed=seed)
        return judge(phase, agent, shown, setting, seed, episodes)

    def _start(self) -> PriorWeight:
        return PriorWeight(self.weight, 0.0, learnable=self.learnable)


@dataclass(frozen=True)
class Baseline:
    """An agent without a model.

    Attributes:
        agent: one of `BASELINES`; "model_removed" is ours without imagination.

    Raises:
        ValueError: another name.
    """

    agent: str

    def __post_init__(self) -> None:
        if self.agent not in BASELINES:
            raise ValueError(f"no {self.agent!r}: {advice(self.agent, BASELINES, 'baseline')}")

    def figures(
        self, shown: Shown, setting: Setting, recipe: Recipe, seed: int, episodes: int
    ) -> dict[str, float]:
        del recipe  # each has its own, chosen on tuning seeds
        made = BASELINES[self.agent](shown.learned, seed)
        played = act(made, setting, seed, episodes)
        found = {"success": played.rate, "first_plan": played.first_plan_rate}
        return {name: value for name, value in found.items() if not math.isnan(value)}
