from typing import Any

import pytest
import torch
from lightning.pytorch.plugins import MixedPrecision
from phases.tiny_vision import tiny_trainer
from phases.toy_phase import Batches, HeavyPhase, Points, ToyPhase, fit
from torch import Tensor

from nsca.errors import UserError
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.phase import Phase
from nsca.phases.skipped_steps import MOST_SKIPPED_IN_A_ROW


def test_every_term_is_logged_under_its_name_and_the_total_is_their_weighted_sum():
    metrics = fit(ToyPhase(), steps=3).callback_metrics
    assert metrics.keys() == {"train/loss", "train/nt_xent", "train/variance"}
    expected = metrics["train/nt_xent"] + 0.5 * metrics["train/variance"]
    assert metrics["train/loss"].item() == pytest.approx(expected.item(), rel=1e-6)


def test_steps_that_loggers_pass_over_log_nothing():
    logged = []

    class Counting(ToyPhase):
        def log_dict(self, *args: Any, **kwargs: Any) -> None:
            logged.append(self.trainer.global_step + 1)

    trainer = tiny_trainer(10, log_every_n_steps=4, limit_val_batches=0)
    trainer.fit(Counting(), Batches(10), Batches(1))
    assert logged == [4, 8, 10]
    logged.clear()
    by_epochs = tiny_trainer(
        -1, max_epochs=2, log_every_n_steps=100, limit_val_batches=0, val_check_interval=1
    )
    by_epochs.fit(Counting(), Batches(3), Batches(1))
    assert logged == [6]


def test_the_largest_output_of_the_validation_is_logged():
    class Loud(ToyPhase):
        def embed(self, batch: Points) -> dict[str, Tensor]:
            return {name: 1000 * values for name, values in super().embed(batch).items()}

    found = []
    for kind in (ToyPhase, Loud):
        trainer = tiny_trainer(1)
        trainer.validate(kind(), Batches(2), verbose=False)
        found.append({name: float(value) for name, value in trainer.callback_metrics.items()})
    quiet, loud = found
    assert loud["val/largest_output"] == pytest.approx(1000 * quiet["val/largest_output"])
    assert 0 < quiet["val/largest_output"] < 10


def test_weights_without_a_term_break_the_contract():
    phase = ToyPhase(loss_weights={"nt_xent": 1.0, "sharpness": 1.0})
    with pytest.raises(KeyError, match=r"gave \['nt_xent'\].*\['nt_xent', 'sharpness'\]"):
        fit(phase, steps=1)


def test_terms_without_a_weight_break_the_contract():
    class Generous(ToyPhase):
        def losses(self, embeddings, batch):
            return super().losses(embeddings, batch) | {"surprise": torch.tensor(0.0)}

    with pytest.raises(KeyError, match="surprise"):
        fit(Generous(), steps=1)


def test_a_weight_of_zero_switches_a_term_off():
    phase = ToyPhase(loss_weights={"nt_xent": 1.0, "variance": 0.0})
    assert "train/variance" not in fit(phase, steps=1).callback_metrics


def test_a_small_micro_batch_takes_the_same_steps():
    def trained(micro_batch: int) -> Tensor:
        phase = ToyPhase(micro_batch=micro_batch)
        phase.net[1].p = 0.0
        fit(phase, steps=5, gradient_clip_val=0.5)
        return torch.cat([p.detach().flatten() for p in phase.parameters()])

    full = trained(64)
    assert torch.allclose(trained(5), full, rtol=1e-4, atol=1e-6)


def test_one_poisoned_step_changes_nothing_and_is_counted(capsys):
    phase = ToyPhase(poison=(2,))
    trainer = fit(phase, steps=5)
    before, after = phase.weights[2], phase.weights[3]
    assert torch.equal(before, after)
    assert not torch.equal(phase.weights[1], before)
    assert not torch.equal(phase.weights[4], after)
    assert trainer.global_step == 5
    assert phase.skipped.total == 1
    assert trainer.callback_metrics["train/skipped_steps"] == 1
    assert "step 2 skipped: the loss is not finite" in capsys.readouterr().out


@pytest.mark.parametrize("micro_batch", [64, 5])
def test_a_gradient_that_is_not_finite_is_skipped_too(micro_batch):
    class Spike(ToyPhase):
        def losses(self, embeddings, batch):
            terms = super().losses(embeddings, batch)
            if self.trainer.global_step == 1:  # sqrt at 0: finite value, infinite gradient
                zero = embeddings["first"].sum() * 0
                terms["variance"] = terms["variance"] + zero.abs().sqrt()
            return terms

    phase = Spike(micro_batch=micro_batch)
    fit(phase, steps=3)
    assert phase.skipped.total == 1
    assert torch.equal(phase.weights[1], phase.weights[2])
    assert all(torch.isfinite(p).all() for p in phase.parameters())


def test_training_stops_after_too_many_in_a_row_and_says_why():
    phase = ToyPhase(poison=tuple(range(3, 100)))
    with pytest.raises(UserError, match=r"not finite in 5 steps in a row.*learning_rate"):
        fit(phase, steps=20)
    assert phase.trainer.global_step == 3 + MOST_SKIPPED_IN_A_ROW - 1
    assert all(torch.isfinite(p).all() for p in phase.parameters())


def test_accidents_apart_do_not_stop_training():
    phase = ToyPhase(poison=(1, 2, 3, 4, 6, 7, 8, 9, 11))
    fit(phase, steps=13)
    assert phase.skipped.total == 9


@pytest.mark.parametrize("micro_batch", [64, 5])
def test_accidents_apart_do_not_stop_training_in_half_precision_either(micro_batch):
    def half() -> MixedPrecision:
        return MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", 1.0))

    phase = ToyPhase(micro_batch, poison=(1, 3, 5, 7, 9, 11))
    fit(phase, steps=13, plugins=[half()])
    assert phase.skipped.total == 6
    with pytest.raises(UserError, match="in a row"):
        fit(ToyPhase(micro_batch, poison=tuple(range(1, 20))), steps=20, plugins=[half()])


def test_weights_of_other_code_are_named_on_resume(tmp_path):
    trainer = fit(ToyPhase(), steps=1)
    trainer.save_checkpoint(tmp_path / "now.ckpt")
    content = torch.load(tmp_path / "now.ckpt", weights_only=True)
    content["state_dict"]["gone.weight"] = torch.zeros(2)
    torch.save(content, tmp_path / "before.ckpt")
    with pytest.raises(UserError, match=r"do not fit: .*gone\.weight"):
        tiny_trainer(2).fit(
            ToyPhase(),
            Batches(2),
            Batches(1),
            ckpt_path=tmp_path / "before.ckpt",
            weights_only=True,
        )


def test_skipped_steps_survive_a_checkpoint(tmp_path):
    trainer = fit(ToyPhase(poison=(1,)), steps=3)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    saved = torch.load(tmp_path / "a.ckpt", weights_only=True)
    fresh = ToyPhase()
    fresh.on_load_checkpoint(saved)
    assert fresh.skipped.total == 1


@pytest.mark.parametrize("place", ["embed", "backward", "losses"])
@pytest.mark.parametrize("micro_batch", [12, 10])
def test_a_step_without_memory_is_the_step_of_a_smaller_micro_batch(place, micro_batch, capsys):
    tight = HeavyPhase(place, fits=3, micro_batch=micro_batch)
    trainer = fit(tight, steps=4)
    held = tight.micro_batch
    assert (held, tight.failures) == ({12: 3, 10: 2}[micro_batch], 2)
    assert tight.still_held == 0
    assert trainer.callback_metrics["train/micro_batch"] == held
    assert "step 0 ran out of memory; again with " in capsys.readouterr().out
    small = ToyPhase(micro_batch=held)
    assert "train/micro_batch" not in fit(small, steps=4).callback_metrics
    for one, other in zip(tight.parameters(), small.parameters(), strict=True):
        assert torch.equal(one, other)


def test_one_sample_that_is_too_many_is_said_in_a_line():
    with pytest.raises(UserError, match=r"one sample at a time: .*can't allocate.*more memory"):
        fit(HeavyPhase("embed", fits=0, micro_batch=4), steps=1)


def test_another_error_is_not_taken_for_too_little_memory():
    class Wrong(ToyPhase):
        def embed(self, batch):
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1"):
        fit(Wrong(), steps=1)


def test_a_smaller_micro_batch_survives_a_checkpoint_unless_another_is_asked_for(tmp_path):
    trainer = fit(HeavyPhase("embed", fits=3, micro_batch=12), steps=2)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    saved = torch.load(tmp_path / "a.ckpt", weights_only=True)
    for asked, held in ((12, 3), (8, 8)):
        fresh = ToyPhase(micro_batch=asked)
        fresh.on_load_checkpoint(saved)
        assert fresh.micro_batch == held


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"micro_batch": 0}, "micro_batch"),
        ({"loss_weights": {"nt_xent": -1.0}}, "negative"),
        ({"loss_weights": {"loudness": 1.0}}, r"\['loudness'\]; there are"),
        ({"loss_weights": {"nt_xent": 0.0}}, "nothing would be learned"),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        ToyPhase(**changes)


def test_a_phase_without_its_three_methods_cannot_be_made() -> None:
    class HalfPhase(Phase):
        def embed(self, batch: Points) -> dict[str, Tensor]:
            return {}

    with pytest.raises(TypeError, match=r"example_batch.*losses"):
        HalfPhase(loss_weights={"a": 1.0}, optimizer=OptimizerSettings(), micro_batch=1)
