"""What imagining phases share."""

import pytest
import torch
from phases.tiny_dynamics import tiny_data, tiny_phase
from phases.tiny_fusion import tiny_fusion
from phases.tiny_vision import tiny_trainer

from nsca.priors.gravity import Gravity
from nsca.priors.weight import LEARNING_RATE, PriorWeight


def test_an_imagination_of_other_latents_is_refused():
    with pytest.raises(ValueError, match="n_latent is 8, not 9"):
        tiny_phase(encoder=tiny_fusion(n_latent=9))


def test_what_is_foretold_of_held_out_windows_can_be_looked_at_until_training_goes_on():
    phase, data = tiny_phase(), tiny_data()
    trainer = tiny_trainer(1)
    trainer.fit(phase, datamodule=data)
    last = data.val_dataloader().step_batch(len(data.val_dataloader()) - 1)
    with torch.no_grad():
        imagined = phase.eval().imagination(last)
    torch.testing.assert_close(phase.foretold.physical, imagined.physical)
    phase.train()
    phase.weighted_loss(phase.embed(last), last)
    assert phase.foretold is None


def test_a_learnable_weight_has_its_own_rate_and_is_logged():
    phase = tiny_phase(prior=Gravity(9.81), weight=PriorWeight(0.9, 0.3, learnable=True))
    assert [group["lr"] for group in phase.own_rate_groups()] == [LEARNING_RATE]
    assert tiny_phase().own_rate_groups() == []
    trainer = tiny_trainer(2, limit_val_batches=0)
    trainer.fit(phase, datamodule=tiny_data())
    assert trainer.callback_metrics["train/prior_weight"] < 1
