"""Training sees neither the simulator nor the expert, and every step's windows follow from it."""

import pytest
import torch
from lightning import Trainer
from phases.tiny_fewshot import tiny_data, tiny_phase

from nsca.data.demonstrating import record_demonstrations
from nsca.phases.fewshot.module import FewShotPhase


@pytest.fixture(scope="module")
def shown():
    return record_demonstrations("pick-place-v3", 3, seed=0).demonstrations


def trained(shown, seed: int = 0) -> FewShotPhase:
    phase = tiny_phase()
    trainer = Trainer(
        max_steps=4,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(phase, tiny_data(shown, seed))
    return phase


def test_training_may_neither_step_the_simulator_nor_ask_the_expert(shown, out_of_reach):
    trained(shown)


def test_the_same_seed_trains_the_same_weights_and_another_does_not(shown):
    weights = [next(trained(shown, seed).dynamics.parameters()) for seed in (0, 0, 1)]
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=0)
    assert not torch.equal(weights[0], weights[2])
