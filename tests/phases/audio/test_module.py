"""The audio phase; `python -m phases.audio.test_module` in tests/ rewrites its golden losses."""

import pytest
import torch
from phases.short_trainings import check_golden, gradient, ten_steps, write_golden
from phases.tiny_audio import BANDS, WEIGHTS, DyingTones, tiny_data, tiny_phase
from torch import nn

from nsca.data.batch import AudioBatch, SoundBatch
from nsca.data.sound_augmentation import SoundAugmentation
from nsca.data.views import make_sound_views
from nsca.models.log_mel import LogMel
from nsca.phases.optimizer import OptimizerSettings


def a_batch(samples: int = 24) -> AudioBatch:
    stored = torch.from_numpy(DyingTones().sounds("train").samples[:samples])
    front = LogMel(BANDS)
    sounds = SoundBatch(front.mel_of_stored(stored), step=0)
    return make_sound_views(sounds, front, SoundAugmentation(), seed=0)


def golden_steps() -> list[dict[str, float]]:
    """With gradient caching."""
    # a small rate: with a larger one it shows after ten steps how many threads did the rounding
    return ten_steps(
        tiny_phase(micro_batch=16, optimizer=OptimizerSettings(learning_rate=3e-4)), tiny_data()
    )


def test_golden_losses():
    check_golden("audio", golden_steps())


def test_losses_have_exactly_the_active_terms():
    phase, batch = tiny_phase(loss_weights={**WEIGHTS, "covariance": 0.0}), a_batch()
    _, terms = phase.weighted_loss(phase.embed(batch), batch)
    assert terms.keys() == {"nt_xent", "variance", "reconstruction"}


def test_an_unknown_term_is_refused():
    with pytest.raises(ValueError, match=r"\['loudness'\]; there are"):
        tiny_phase(loss_weights={"nt_xent": 1.0, "loudness": 0.1})


def test_reconstruction_is_the_error_of_the_clean_sound():
    phase, batch = tiny_phase(), a_batch()
    embeddings = phase.embed(batch)
    truth = phase.decoder.coarse(batch.clean)
    exact = {**embeddings, "decoded": truth, "also_decoded": truth}
    assert phase.losses(exact, batch)["reconstruction"].item() == 0
    off = {**exact, "decoded": truth + 0.2}
    assert phase.losses(off, batch)["reconstruction"].item() == pytest.approx(0.02, rel=1e-4)


def step_gradient(micro_batch: int, dropout: float = 0.0) -> torch.Tensor:
    phase = tiny_phase(micro_batch=micro_batch)
    phase.encoder.readout = nn.Sequential(phase.encoder.readout, nn.Dropout(dropout))
    return gradient(phase, tiny_data())


def test_gradient_caching_gives_the_gradient_of_the_full_batch():
    full = step_gradient(micro_batch=32)
    assert (step_gradient(12) - full).norm() / full.norm() < 1e-5
    assert (step_gradient(12, dropout=0.5) - full).norm() / full.norm() > 0.05


def test_noise_of_the_right_shape_can_be_embedded():
    phase = tiny_phase()
    batch = phase.example_batch(4)
    assert phase.embed(batch)["decoded"].shape == (4, BANDS, 5)


if __name__ == "__main__":
    write_golden("audio", golden_steps())
