"""Training sees neither the simulator nor the expert, and every step's windows follow from it."""

import pytest
import torch
from lightning import Trainer

from nsca.data.demonstrating import record_demonstrations
from nsca.phases.fewshot.data import FewShotData
from nsca.phases.fewshot.module import FewShotPhase
from nsca.phases.optimizer import OptimizerSettings
from nsca.priors.physics import Physics
from nsca.priors.weight import PriorWeight


class Source:
    name = "memory"

    def __init__(self, shown, count):
        self._shown, self._count = shown, count

    def train(self):
        return self._shown[: self._count]

    def val(self):
        return self._shown[self._count :]


@pytest.fixture(scope="module")
def shown():
    return record_demonstrations("pick-place-v3", 3, seed=0).demonstrations


def trained(shown, seed: int = 0) -> FewShotPhase:
    torch.manual_seed(0)
    settings = OptimizerSettings(
        learning_rate=3e-3, weight_decay=1e-4, warmup_steps=0, final_share=0.1
    )
    phase = FewShotPhase(
        prior=Physics(9.81),
        weight=PriorWeight(0.9, 0.0, False),
        members=2,
        width=8,
        loss_weights={"rollout": 1.0, "contribution": 1e-3},
        optimizer=settings,
        micro_batch=64,
    )
    trainer = Trainer(
        max_steps=4,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(phase, FewShotData(source=Source(shown, 2), effective_batch=32, seed=seed))
    return phase


def test_training_may_neither_step_the_simulator_nor_ask_the_expert(shown, out_of_reach):
    trained(shown)


def test_the_same_seed_trains_the_same_weights_and_another_does_not(shown):
    weights = [next(trained(shown, seed).dynamics.parameters()) for seed in (0, 0, 1)]
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=0)
    assert not torch.equal(weights[0], weights[2])
