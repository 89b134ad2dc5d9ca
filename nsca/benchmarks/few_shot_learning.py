"""From demonstrations to a judged few-shot agent: what gates and studies do under every seed."""

import logging
import math
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import lightning
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from nsca.agents.imagining import ImaginingAgent
from nsca.agents.scene import scene_facts
from nsca.agents.windows import Windows, windows
from nsca.benchmarks.few_shot_setting import Setting
from nsca.benchmarks.success import Agent, Played, play
from nsca.data.demonstrating import record_demonstrations
from nsca.data.demonstrations import Demonstration
from nsca.phases.fewshot.data import FewShotData
from nsca.phases.fewshot.module import FewShotPhase
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.seeds_at_once import fit_seeds
from nsca.priors.prior import Prior
from nsca.priors.weight import PriorWeight
from nsca.worlds.metaworld.episode_seeds import episode_seeds

HELD_OUT = 5  # demonstrations that only measure the model's error
IMAGINED_WITHIN_M = 0.04  # an imagined end so near to the promised one counts as imagined success
CENTIMETRE = 100.0
CLIP = 1.0  # the longest gradient


@dataclass(frozen=True)
class Recipe:
    """What is the same in every arm.

    steps: of the optimiser. batch: windows a step. members, width: of the ensemble. contribution:
    price of what the correction adds. learning_rate: at its highest.
    """

    steps: int
    batch: int
    members: int
    width: int
    contribution: float
    learning_rate: float


@dataclass(frozen=True)
class Shown:
    """Demonstrations in memory, in two parts.

    expert_success: share of the episodes that the expert played for them; NaN where not known.
    """

    learned: list[Demonstration]
    held_out: list[Demonstration]
    expert_success: float = math.nan

    def train(self) -> list[Demonstration]:
        """What is learned from."""
        return self.learned

    def val(self) -> list[Demonstration]:
        """What only measures."""
        return self.held_out


@lru_cache(maxsize=32)  # of every seed, where seeds train at once; 2 MB each at 100 demonstrations
def record(setting: Setting, count: int, seed: int) -> Shown:
    """The first `count` demonstrations of a seed, and the next ones to measure.

    Kept for the arms that follow under the same seed, which must not change them. No demonstration
    at all (`count` 0) asks no expert, and leaves nothing to measure either.
    """
    if count == 0:
        return Shown([], [])
    recording = record_demonstrations(
        setting.task,
        count + HELD_OUT,
        seed,
        physics=setting.physics,
        action_noise=setting.action_noise,
    )
    found = recording.demonstrations
    return Shown(found[:count], found[count:], recording.success_rate)


def learn(
    shown: Shown,
    prior: Prior,
    weight: PriorWeight,
    recipe: Recipe,
    seed: int,
    watching: Sequence[lightning.Callback] = (),
) -> FewShotPhase:
    """Train the few-shot phase; neither simulator nor expert is reached from here on."""
    phase = _untrained(prior, weight, recipe)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    trainer = lightning.Trainer(
        max_steps=recipe.steps,
        accelerator="cpu",
        gradient_clip_val=CLIP,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
        callbacks=list(watching),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Lightning's, of missing loggers and workers
        trainer.fit(phase, FewShotData(source=shown, effective_batch=recipe.batch, seed=seed))
    return phase.eval()


def learn_seeds(
    shown: Sequence[Shown],
    prior: Prior,
    weight: Callable[[], PriorWeight],
    recipe: Recipe,
    seeds: Sequence[int],
) -> list[FewShotPhase]:
    """What `learn` makes of each seed after `torch.manual_seed(seed)`, up to rounding, at once.

    On a CUDA device where there is one. Seeds with fewer windows than a batch train apart from the
    others, as their batches are smaller.

    Args:
        shown: to each seed.
        prior: of all.
        weight: makes one for each.
        recipe: of all.
        seeds: of first weights and of the order of windows.

    Raises:
        UserError: too many steps in a row were skipped under one seed.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    phases, alike = [], defaultdict(list)
    for seed, own in zip(seeds, shown, strict=True):
        torch.manual_seed(seed)
        phases.append(_untrained(prior, weight(), recipe))
        data = FewShotData(source=own, effective_batch=recipe.batch, seed=seed)
        data.setup("fit")
        alike[data.batch].append((phases[-1], data.first_steps(recipe.steps)))
    for pairs in alike.values():
        members, batches = zip(*pairs, strict=True)
        fit_seeds(members, batches, steps=recipe.steps, clip=CLIP, device=device)
    return [phase.eval() for phase in phases]


def _untrained(prior: Prior, weight: PriorWeight, recipe: Recipe) -> FewShotPhase:
    return FewShotPhase(
        prior=prior,
        weight=weight,
        members=recipe.members,
        width=recipe.width,
        loss_weights={"rollout": 1.0, "contribution": recipe.contribution},
        optimizer=OptimizerSettings(
            learning_rate=recipe.learning_rate,
            weight_decay=1e-4,
            warmup_steps=recipe.steps // 15,
            final_share=0.01,
        ),
        micro_batch=recipe.batch,
    )


def act(agent: Agent, setting: Setting, seed: int, episodes: int) -> Played:
    """A seed's evaluation episodes."""
    seeds = episode_seeds(setting.task, "evaluation", seed, episodes)
    return play(agent, setting.task, seeds, physics=setting.physics)


def judge(
    phase: FewShotPhase,
    agent: ImaginingAgent,
    shown: Shown,
    setting: Setting,
    seed: int,
    episodes: int,
) -> dict[str, float]:
    """Success, with the first plan too, imagined success and the model's error of a trained agent.

    Beside the error how far things move in that time: the error of expecting that nothing does.
    """
    played = act(agent, setting, seed, episodes)
    cut = held_out_windows(shown)
    attempts = math.nan if played.attempts is None else float(played.attempts.mean())
    return {
        "success": played.rate,
        "first_plan": played.first_plan_rate,
        "attempts": attempts,
        "imagined": float(np.mean(np.array(agent.imagined_errors_m) < IMAGINED_WITHIN_M)),
        "model_error_cm": model_error_cm(phase, cut),
        "motion_cm": motion_cm(cut),
        "weight": float(phase.dynamics.blend.weight().detach()),
    }


def held_out_windows(shown: Shown) -> Windows:
    """What models are judged on; facts of the objects come from what is learned from alone."""
    return windows(shown.held_out, scene_facts(shown.learned))


@torch.no_grad()
def model_error_cm(phase: FewShotPhase, cut: Windows) -> float:
    """Root mean square error of places, an eighth of a second ahead."""
    return _distance_cm(phase.embed(cut)["place_m"].mean(dim=1)[:, -1], cut)


def motion_cm(cut: Windows) -> float:
    """How far things move in that time, root mean square."""
    return _distance_cm(cut.place_m[:, 0], cut)


def _distance_cm(place_m: Float[Tensor, "n 2 3"], cut: Windows) -> float:
    apart = (place_m - cut.place_m[:, -1]).square().sum(-1)
    return float(apart[cut.there].mean().sqrt() * CENTIMETRE)
