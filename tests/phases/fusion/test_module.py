"""The fusion phase; `python -m phases.fusion.test_module` in tests/ rewrites its golden losses."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from phases.short_trainings import check_golden, gradient, ten_steps, write_golden
from phases.tiny_fusion import WEIGHTS, Digits, a_batch, tiny_data, tiny_fusion, tiny_phase
from phases.tiny_vision import tiny_trainer
from PIL import Image
from torch import nn

from nsca.data.custom_folder import CustomFolder
from nsca.phases.optimizer import OptimizerSettings


def golden_steps() -> list[dict[str, float]]:
    """With gradient caching."""
    optimizer = OptimizerSettings(learning_rate=1e-3)
    return ten_steps(tiny_phase(micro_batch=10, optimizer=optimizer), tiny_data())


def test_golden_losses():
    check_golden("fusion", golden_steps())


def test_gradient_caching_gives_the_gradient_of_the_full_batch():
    full = gradient(tiny_phase(), tiny_data())
    cached = gradient(tiny_phase(micro_batch=7), tiny_data())
    assert (cached - full).norm() / full.norm() < 1e-5
    other = tiny_phase(micro_batch=7)
    other.encoder.state.append(nn.Dropout(0.5))
    assert (gradient(other, tiny_data()) - full).norm() / full.norm() > 0.05


def test_encoders_stay_as_they_are_and_the_fusion_learns():
    phase = tiny_phase()
    before = {name: value.clone() for name, value in phase.state_dict().items()}
    tiny_trainer(3, limit_val_batches=0).fit(phase, datamodule=tiny_data())
    after = phase.state_dict()
    encoders = [name for name in before if name.startswith(("senses.vision", "senses.audio"))]
    assert len(encoders) > 20
    assert all(torch.equal(before[name], after[name]) for name in encoders)
    moved = [n for n in before if n.startswith("encoder.") and not torch.equal(before[n], after[n])]
    assert any("queries" in name for name in moved)
    assert any("tokens" in name for name in moved)


@pytest.mark.parametrize("kept", list(product([False, True], repeat=3)))
def test_every_subset_of_senses_gives_a_state_that_no_missing_sense_has_touched(kept):
    phase = tiny_phase()
    batch = a_batch(phase)
    mask = torch.tensor(kept).expand_as(batch.kept)
    state = phase.encoder(batch.now, mask)[0]
    assert torch.isfinite(state).all()
    parts = phase.senses.parts(batch.now).values()
    noisy = [part if on else part + 100 for part, on in zip(parts, kept, strict=True)]
    assert torch.equal(phase.encoder(torch.cat(noisy, dim=1), mask)[0], state)
    if any(kept):
        everything = phase.encoder(torch.cat([p + 1 for p in parts], dim=1), mask)[0]
        assert not torch.allclose(everything, state, atol=1e-4)


def test_training_makes_states_of_some_senses_like_that_of_all():
    def distance(weights: dict[str, float]) -> float:
        phase, data = tiny_phase(loss_weights=weights), tiny_data()
        tiny_trainer(60, limit_val_batches=0).fit(phase, datamodule=data)
        batch = a_batch(phase)
        with torch.no_grad():
            whole, partly = (phase.encoder(batch.now, m)[0] for m in (batch.there, batch.kept))
        return (whole - partly).square().mean().item()

    assert distance(WEIGHTS) < 0.75 * distance({**WEIGHTS, "completion": 0.0})


def test_senses_recorded_apart_train_every_term_that_needs_no_time():
    phase, data = tiny_phase(), tiny_data(source=Digits())
    trainer = tiny_trainer(2)
    trainer.fit(phase, datamodule=data)
    for stage in ("train", "val"):
        found = {n: float(v) for n, v in trainer.callback_metrics.items() if n.startswith(stage)}
        names = (WEIGHTS.keys() - {"prediction"}) | {"loss"}
        names |= {"largest_output"} if stage == "val" else set()
        assert found.keys() == {f"{stage}/{name}" for name in names}
        assert all(math.isfinite(value) for value in found.values())


def test_recordings_without_a_sound_are_enough(tmp_path):
    rng = np.random.default_rng(0)
    for split, label, number in product(("train", "val"), ("cup", "ball"), range(4)):
        folder = tmp_path / split / label
        folder.mkdir(parents=True, exist_ok=True)
        picture = rng.integers(0, 255, (64, 64, 3)).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"image_{number}.png")
        if number:  # one of them is a picture alone
            np.save(folder / f"proprio_{number}.npy", rng.normal(size=(3 + number, 4)))
    data = tiny_data(source=CustomFolder(tmp_path), effective_batch=8)
    trainer = tiny_trainer(2)
    trainer.fit(tiny_phase(), datamodule=data)
    rows = data.stored("train")
    assert rows.there.sum(dim=0).tolist() == [8, 0, 6]
    assert (rows.features()[:, 32:64] == 0).all()
    assert math.isfinite(trainer.callback_metrics["val/consistency"].item())


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match=r"\['taste'\]; there are"):
        tiny_phase(loss_weights={"prediction": 1.0, "taste": 0.1})
    with pytest.raises(ValueError, match=r"fusion takes widths \[32, 32, 5\]"):
        tiny_phase(encoder=tiny_fusion(widths=[32, 32, 5]))


def test_noise_of_the_right_shape_can_be_embedded():
    phase = tiny_phase()
    batch = phase.example_batch(4)
    loss, _ = phase.weighted_loss(phase.embed(batch), batch)
    assert math.isfinite(loss.item())


if __name__ == "__main__":
    write_golden("fusion", golden_steps())
