"""metaworld's own protocol of adapting to ML10's test tasks by trial and error, goals hidden.

For each goal an agent plays adaptation episodes of full length, then evaluation episodes that end
at success. The loop is `metaworld.evaluation.metalearning_evaluation` (metaworld 3.1.1) itself; its
numbers are 10 adaptation episodes, 3 evaluation episodes and 40 goals of each of 5 tasks.

One number is not its default: by default 4 environments of a task play side by side and the first 3
episodes that end count, so that those that succeed, and end early, count more often. Here one
environment a task plays goal after goal, and every goal counts alike.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

from nsca.errors import UserError
from nsca.worlds.metaworld.env import MAX_STEPS

# metaworld.env_dict.ML10_V3["test"] of metaworld 3.1.1 (Yu et al. 2019, "Meta-World", figure 4)
TEST_TASKS = ("drawer-open-v3", "door-close-v3", "shelf-place-v3", "sweep-into-v3", "lever-pull-v3")
MOST_GOALS = 50  # that metaworld draws of each task


@runtime_checkable
class AdaptingAgent(Protocol):
    """What acts in n environments side by side: metaworld's `MetaLearningAgent`.

    Observations are [n, 39] with zeros for the goal, actions [n, 4] within -1 and 1.
    """

    def init(self) -> None:
        """New goals: forget everything."""
        ...

    def adapt_action(
        self, observations: Float[np.ndarray, "n 39"]
    ) -> tuple[Float[np.ndarray, "n 4"], dict[str, Any]]:
        """Actions of an adaptation episode, and nothing else that anybody reads."""
        ...

    def step(self, timestep: Any) -> None:
        """What came of them: `observation`, `action`, `reward`, `terminated`, `truncated`."""
        ...

    def adapt(self) -> None:
        """All adaptation episodes are over."""
        ...

    def eval_action(self, observations: Float[np.ndarray, "n 39"]) -> Float[np.ndarray, "n 4"]:
        """Actions of an evaluation episode."""
        ...

    def reset(self, env_mask: Bool[np.ndarray, " n"]) -> None:
        """In these environments a new evaluation episode begins."""
        ...


@dataclass(frozen=True)
class AdaptationProtocol:
    """How much is played.

    goals: of each task, at most 50. adaptation_episodes: for each goal. evaluation_episodes: for
    each goal. max_steps: of an episode.

    Raises:
        UserError: a number out of range.
    """

    goals: int = 40
    adaptation_episodes: int = 10
    evaluation_episodes: int = 3
    max_steps: int = MAX_STEPS

    def __post_init__(self) -> None:
        low = min(self.goals, self.adaptation_episodes, self.evaluation_episodes, self.max_steps)
        if low < 1 or self.goals > MOST_GOALS or self.max_steps > MAX_STEPS:
            raise UserError(
                f"{self}: impossible", f"1 to {MOST_GOALS} goals, 1 to {MAX_STEPS} steps, 1 or more"
            )

    @property
    def episodes(self) -> int:
        """Evaluation episodes of one task."""
        return self.goals * self.evaluation_episodes


def success_after_adaptation(
    agent: AdaptingAgent, protocol: AdaptationProtocol, seed: int
) -> Mapping[str, float]:
    """Share of evaluation episodes that succeed, by test task.

    Args:
        agent: anything of the protocol.
        protocol: how much is played.
        seed: of the goals.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gymnasium's, of the package's own registration and spaces
        import metaworld
        from metaworld.evaluation import metalearning_evaluation

        environments: Any = metaworld.make_ml_envs_test(
            "ML10",
            seed=seed,
            meta_batch_size=len(TEST_TASKS),
            total_tasks_per_cls=protocol.goals,
            max_episode_steps=protocol.max_steps,
        )
        try:
            _, _, rates = metalearning_evaluation(
                agent,
                environments,
                num_evals=protocol.goals,
                adaptation_episodes=protocol.adaptation_episodes,
                evaluation_episodes=protocol.evaluation_episodes,
            )
        finally:
            environments.close()
    return {task: float(rates[task]) for task in TEST_TASKS}
