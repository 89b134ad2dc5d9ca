"""The full phase; `python -m phases.full.test_module` in tests/ rewrites its golden losses."""

import math

import pytest
import torch
from phases.short_trainings import check_golden, gradient, ten_steps, write_golden
from phases.tiny_driving import driving_phase
from phases.tiny_dynamics import Pushed, held
from phases.tiny_dynamics import tiny_data as windows
from phases.tiny_full import WEIGHTS, Witnessed, tiny_data, tiny_phase
from phases.tiny_fusion import tiny_fusion
from phases.tiny_vision import tiny_trainer

from nsca.errors import UserError
from nsca.objectives.fused import FusesSenses
from nsca.phases.full.module import OBJECTIVES, TERMS
from nsca.phases.optimizer import OptimizerSettings
from nsca.priors.physics import Physics


def golden_steps() -> list[dict[str, float]]:
    """With gradient caching."""
    optimizer = OptimizerSettings(learning_rate=1e-3, rates={"senses": 0.5})
    return ten_steps(tiny_phase(micro_batch=5, optimizer=optimizer), tiny_data())


def first_batch(phase, **source):
    """As the phase sees it, scales known."""
    data = tiny_data(source=Witnessed(**source))
    trainer = tiny_trainer(1, limit_val_batches=0)
    trainer.fit(phase, datamodule=data)
    return data.on_after_batch_transfer(data.train_dataloader().step_batch(0), 0)


def test_golden_losses():
    check_golden("full", golden_steps())


def test_its_terms_are_those_of_all_phases():
    assert {f"{name}_{term}" for name, terms in OBJECTIVES.items() for term in terms} == TERMS


def test_gradient_caching_gives_the_gradient_of_the_full_batch():
    full, cached = (
        gradient(
            tiny_phase(prior=Physics(9.81), weight=held(0.5), micro_batch=micro_batch), tiny_data()
        )
        for micro_batch in (16, 5)
    )
    assert (cached - full).norm() / full.norm() < 1e-5


def test_every_part_is_trained_and_slow_ones_move_less():
    def moved(rate: float) -> dict[str, float]:
        phase = tiny_phase(optimizer=OptimizerSettings(learning_rate=3e-3, rates={"senses": rate}))
        before = {name: value.detach().clone() for name, value in phase.named_parameters()}
        tiny_trainer(2, limit_val_batches=0).fit(phase, datamodule=tiny_data())
        return {n: float((p.detach() - before[n]).norm()) for n, p in phase.named_parameters()}

    slow, fast = moved(0.1), moved(1.0)
    for start in ("senses.vision", "senses.audio", "encoder", "imagination"):
        assert any(value > 0 for name, value in fast.items() if name.startswith(start)), start
    name = "senses.vision.readout.2.weight"
    assert slow[name] == pytest.approx(0.1 * fast[name], rel=0.3)
    still = moved(0.0)
    assert not any(value for name, value in still.items() if name.startswith("senses."))


def test_forecasts_reach_the_encoders_and_targets_are_not_pulled():
    phase = tiny_phase(loss_weights={"dynamics_latent": 1.0})
    batch = first_batch(phase)
    embeddings = phase.embed(batch)
    phase.zero_grad()
    loss, _ = phase.weighted_loss(embeddings, batch)
    loss.backward()
    assert phase.senses.vision.readout[-1].weight.grad.abs().sum() > 0
    assert phase.senses.audio.readout.weight.grad.abs().sum() > 0
    assert not embeddings["target_latent"].requires_grad
    assert not embeddings["target_later"].requires_grad


@pytest.mark.parametrize("lacking", [(), ("vision",), ("audio",), ("vision", "audio")])
def test_senses_that_were_not_recorded_are_absent_from_every_term(lacking):
    phase, data = tiny_phase(), tiny_data(source=Witnessed(lacking=lacking))
    trainer = tiny_trainer(1)
    trainer.fit(phase, datamodule=data)
    gone = {f"{name}_{term}" for name in lacking for term in OBJECTIVES[name]}
    if len(lacking) == 2:
        gone.add("fusion_consistency")  # one sense has nothing to agree with
    for stage in ("train", "val"):
        found = {n: float(v) for n, v in trainer.callback_metrics.items() if n.startswith(stage)}
        assert {f"{stage}/{term}" for term in WEIGHTS.keys() - gone} <= found.keys()
        assert not {f"{stage}/{term}" for term in gone} & found.keys()
        assert all(math.isfinite(value) for value in found.values())


def test_what_a_missing_sense_holds_changes_nothing():
    phase = tiny_phase()
    batch = first_batch(phase)
    silent = ~batch.there[..., 1]
    assert silent.any()
    noisy = batch.heard.clone()
    noisy[silent] += 500
    with torch.no_grad():
        before, after = (
            phase.embed(each) for each in (batch, type(batch)(**{**vars(batch), "heard": noisy}))
        )
    # what the fusion compares has a row for every sense, there or not
    same = before.keys() - {"fusion_aligned", "target_later"}
    for name in same:
        torch.testing.assert_close(before[name], after[name])


def test_it_learns_to_foretell_with_encoders_that_learn():
    phase = tiny_phase(loss_weights={**WEIGHTS, "vision_nt_xent": 0.1})
    trainer = tiny_trainer(60, val_check_interval=1)
    found = []
    phase.on_validation_end = lambda: found.append(
        float(trainer.callback_metrics["val/dynamics_physical"])
    )
    trainer.fit(phase, datamodule=tiny_data(source=Witnessed(clips=40)))
    assert found[-1] < 0.5 * found[0]


def test_the_moment_that_is_fused_is_the_last_one_seen():
    phase = tiny_phase()
    batch = first_batch(phase)
    with torch.no_grad():
        moment = phase.moment(batch)
        embeddings = phase.embed(batch)
    torch.testing.assert_close(moment.later, embeddings["target_later"])
    state = phase.encoder(moment.now, moment.there)[0]
    torch.testing.assert_close(state, embeddings["fusion_state"])


def test_benchmarks_know_it_by_its_parts():
    assert isinstance(tiny_phase(), FusesSenses)


def test_noise_of_the_right_shape_can_be_embedded():
    phase = tiny_phase()
    batch = phase.example_batch(3)
    loss, terms = phase.weighted_loss(phase.embed(batch), batch)
    assert terms.keys() == WEIGHTS.keys()
    assert math.isfinite(loss.item())


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"fusion takes widths \[32, 32, 5\]"):
        tiny_phase(encoder=tiny_fusion(widths=[32, 32, 5]))
    with pytest.raises(UserError, match="phase=full is for things on a table"):
        tiny_phase(imagination=driving_phase().imagination)
    with pytest.raises(TypeError, match="needs FullData"):
        tiny_trainer(1).fit(tiny_phase(), datamodule=windows(source=Pushed()))


if __name__ == "__main__":
    write_golden("full", golden_steps())
