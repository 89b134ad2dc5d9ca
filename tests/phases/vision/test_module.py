"""The vision phase; `python -m phases.vision.test_module` in tests/ rewrites its golden losses."""

import pytest
import torch
from phases.short_trainings import check_golden, gradient, ten_steps, write_golden
from phases.tiny_vision import (
    WEIGHTS,
    MovingShapes,
    tiny_data,
    tiny_encoder,
    tiny_phase,
    tiny_trainer,
)
from torch import nn

from nsca.data.augmentation import AugmentationSettings
from nsca.data.batch import VisionBatch
from nsca.data.step_loader import Epoch
from nsca.data.views import make_views
from nsca.phases.vision.data import FrameSteps


def a_batch(samples: int = 24, has_time: bool = True) -> VisionBatch:
    epoch = Epoch(seed=0, batch=samples, steps=1, first_step=lambda: 0)
    steps = FrameSteps(MovingShapes().frames("train"), epoch, has_time=has_time, reach=2)
    return make_views(steps.step_batch(0), AugmentationSettings(), seed=0)


def golden_steps() -> list[dict[str, float]]:
    """With gradient caching."""
    return ten_steps(tiny_phase(micro_batch=16), tiny_data())


def test_golden_losses():
    check_golden("vision", golden_steps())


def test_losses_have_exactly_the_active_terms():
    phase = tiny_phase(loss_weights={**WEIGHTS, "invariance": 0.5})
    batch = a_batch()
    _, terms = phase.weighted_loss(phase.embed(batch), batch)
    assert terms.keys() == {"nt_xent", "invariance", "variance", "covariance", "temporal"}


def test_without_time_the_temporal_term_is_absent_from_losses_and_weights():
    phase, batch = tiny_phase(), a_batch(has_time=False)
    assert phase.active_terms(batch) == WEIGHTS.keys() - {"temporal"}
    loss, terms = phase.weighted_loss(phase.embed(batch), batch)
    assert terms.keys() == phase.active_terms(batch)
    assert loss.item() == pytest.approx(
        sum(WEIGHTS[name] * term.item() for name, term in terms.items()), rel=1e-5
    )


def test_a_term_of_weight_zero_is_not_computed():
    phase = tiny_phase(loss_weights={"nt_xent": 1.0, "temporal": 0.0})
    embeddings = phase.embed(a_batch())
    assert embeddings.keys() == {"first", "second"}


def test_an_unknown_term_is_refused():
    with pytest.raises(ValueError, match=r"\['sharpness'\]; there are"):
        tiny_phase(loss_weights={"nt_xent": 1.0, "sharpness": 0.1})


def step_gradient(micro_batch: int, dropout: float = 0.0) -> torch.Tensor:
    phase = tiny_phase(micro_batch=micro_batch)
    phase.encoder.readout.append(nn.Dropout(dropout))
    return gradient(phase, tiny_data())


@pytest.mark.parametrize("micro_batch", [1, 12])
def test_gradient_caching_gives_the_gradient_of_the_full_batch(micro_batch):
    full = step_gradient(micro_batch=32)
    assert (step_gradient(micro_batch) - full).norm() / full.norm() < 1e-5


def test_the_comparison_of_gradients_can_fail():
    full = step_gradient(micro_batch=32)
    assert (step_gradient(12, dropout=0.5) - full).norm() / full.norm() > 0.05


def test_a_frozen_stem_is_saved_but_not_trained():
    phase = tiny_phase()
    saved = {name for name in phase.state_dict() if "stem" in name}
    assert len(saved) == 5
    assert not any("stem" in name for name, _ in phase.named_parameters())
    before = {name: phase.state_dict()[name].clone() for name in saved}
    tiny_trainer(2, limit_val_batches=0).fit(phase, datamodule=tiny_data())
    assert all(torch.equal(phase.state_dict()[name], before[name]) for name in saved)


def test_a_learned_stem_is_trained():
    phase = tiny_phase(encoder=tiny_encoder(gabor="learned"))
    before = phase.encoder.stem.priors[0].octave_0.detach().clone()
    tiny_trainer(2, limit_val_batches=0).fit(phase, datamodule=tiny_data())
    assert not torch.equal(phase.encoder.stem.priors[0].octave_0, before)


if __name__ == "__main__":
    write_golden("vision", golden_steps())
