"""Evaluation episodes: through our interface, and as metaworld plays them.

All play the same tasks, the same number of episodes of full length and uniform random actions, on
all cores and without pictures. Ours is one process whose EnvPool has a thread a core
(`MetaWorldEnvs`). metaworld is measured twice, each time with a process a core: its own loop,
`metaworld.evaluation.evaluation` over gymnasium's AsyncVectorEnv; and, faster than what it offers,
processes that step gymnasium's `Meta-World/MT1` with nothing to wait for. Their clocks start when
every process has its environments. Ours makes new ones with every reset, and that is counted: the
comparison leans to the baselines' side. That all play the same episodes from the same seeds is
tested elsewhere.
"""

import argparse
import json
import time
import warnings
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier

import numpy as np

from nsca.hardware import available_cores
from nsca.worker_process import start_worker
from nsca.worlds.metaworld.env import MAX_STEPS, MetaWorldEnvs
from nsca.worlds.metaworld.episode_seeds import episode_seeds

TASKS = ("pick-place-v3", "drawer-open-v3", "sweep-v3")
READY_WITHIN_S = 300.0  # importing metaworld in every process at once


def our_steps_per_second(episodes: int, cores: int, steps: int = MAX_STEPS) -> float:
    """Environment steps/s through our interface.

    Args:
        episodes: of each task, side by side.
        cores: threads.
        steps: of an episode.

    Raises:
        UserError: EnvPool is not installed.
    """
    for task in TASKS:  # imports and assets are read before the clock starts, as in the baseline
        _play_ours(task, 1, 1, cores)
    started = time.perf_counter()
    for task in TASKS:
        _play_ours(task, episodes, steps, cores)
    return len(TASKS) * episodes * steps / (time.perf_counter() - started)


def _play_ours(task: str, episodes: int, steps: int, threads: int) -> None:
    rng = np.random.default_rng(0)
    environments = MetaWorldEnvs(task, episodes, "envpool", max_steps=steps, threads=threads)
    environments.reset(seed=episode_seeds(task, "tuning", 0, episodes))
    for _ in range(steps):
        environments.step(rng.uniform(-1.0, 1.0, (episodes, 4)))
    environments.close()


class _RandomAgent:
    """Acts at random, as `metaworld.evaluation` asks an agent to, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self._rng = np.random.default_rng(0)

    def eval_action(self, observations: np.ndarray) -> np.ndarray:
        """An action for each environment."""
        self.asked += len(observations)
        return self._rng.uniform(-1.0, 1.0, (len(observations), 4)).astype(np.float32)

    def reset(self, env_mask: np.ndarray) -> None:
        """There is nothing to forget."""


def metaworld_evaluation_steps_per_second(
    episodes: int, cores: int, steps: int = MAX_STEPS
) -> float:
    """Environment steps/s of metaworld's own evaluation loop.

    Args:
        episodes: of each task.
        cores: processes of the vector environment.
        steps: of an episode.
    """
    warnings.simplefilter("ignore")  # gymnasium's, about Meta-World's spaces
    from gymnasium.vector import AsyncVectorEnv, AutoresetMode
    from metaworld.evaluation import evaluation

    agent, seconds = _RandomAgent(), 0.0
    for task in TASKS:
        makers = [partial(_counted, task, seed, steps) for seed in range(cores)]
        environments = AsyncVectorEnv(makers, autoreset_mode=AutoresetMode.SAME_STEP)
        environments.reset()
        started = time.perf_counter()
        evaluation(agent, environments, num_episodes=episodes)
        seconds += time.perf_counter() - started
        environments.close()
    return agent.asked / seconds


def _counted(task: str, seed: int, steps: int):
    """An environment whose episodes end after `steps`, with the statistics `evaluation` reads."""
    import metaworld

    return metaworld.make_mt_envs(task, seed=seed, max_episode_steps=steps)


def free_processes_steps_per_second(episodes: int, cores: int, steps: int = MAX_STEPS) -> float:
    """Environment steps/s of metaworld's environments in processes that wait for nothing.

    Args:
        episodes: of each task, shared out between the processes.
        cores: processes.
        steps: of an episode.

    Raises:
        RuntimeError: a process failed.
    """
    context = get_context("spawn")
    ready = context.Barrier(cores + 1)
    workers = [
        context.Process(target=_play, args=(len(range(rank, episodes, cores)), steps, rank, ready))
        for rank in range(cores)
    ]
    for worker in workers:
        worker.start()
    ready.wait(READY_WITHIN_S)
    started = time.perf_counter()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - started
    if any(worker.exitcode for worker in workers):
        raise RuntimeError("a process of metaworld's loop failed")
    return len(TASKS) * episodes * steps / seconds


def _play(episodes: int, steps: int, seed: int, ready: Barrier) -> None:
    """One process: a share of every task's episodes."""
    start_worker()
    warnings.simplefilter("ignore")  # gymnasium's, about Meta-World's spaces
    import gymnasium
    import metaworld  # noqa: F401  (registers Meta-World/MT1)

    environments = [
        gymnasium.make("Meta-World/MT1", env_name=task, seed=seed, disable_env_checker=True)
        for task in TASKS
    ]
    for environment in environments:
        environment.reset(seed=seed)
    rng = np.random.default_rng(seed)
    ready.wait(READY_WITHIN_S)
    for environment in environments:
        for _ in range(episodes):
            environment.reset()
            for _ in range(steps):
                environment.step(rng.uniform(-1.0, 1.0, 4).astype(np.float32))


LOOPS = {
    "ours": our_steps_per_second,
    "metaworld": metaworld_evaluation_steps_per_second,
    "processes": free_processes_steps_per_second,
}


def main() -> None:
    """Print the figure as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loop", choices=list(LOOPS), default="ours")
    parser.add_argument("--episodes", type=int, default=32, help="of each task")
    options = parser.parse_args()
    measure = LOOPS[options.loop]
    print(json.dumps({"steps_per_s": measure(options.episodes, available_cores())}))


if __name__ == "__main__":
    main()
