"""The memory phase; `python -m phases.memory.test_module` in tests/ rewrites golden losses."""

import dataclasses

import pytest
import torch
from phases.short_trainings import check_rows, gradient, write_golden
from phases.tiny_dynamics import WEIGHTS
from phases.tiny_memory import MEMORY, NAIVE, tiny_data, tiny_phase, trained
from phases.tiny_vision import tiny_trainer

from nsca.composition import compose
from nsca.errors import UserError
from nsca.models.prototypes import Prototypes
from nsca.models.temporal import Temporal
from nsca.phases.memory.module import MemoryPhase
from nsca.phases.optimizer import OptimizerSettings
from nsca.priors.gravity import Gravity
from nsca.priors.weight import PriorWeight


class Noting(MemoryPhase):
    """Keeps what was logged of every step."""

    def on_train_batch_end(self, outputs, batch, batch_idx) -> None:
        super().on_train_batch_end(outputs, batch, batch_idx)
        metrics = self.trainer.callback_metrics
        self.noted.append({name: float(f"{float(value):.6g}") for name, value in metrics.items()})


def golden_steps() -> list[dict[str, float]]:
    """With gradient caching, a prior whose weight learns, and everything that remembers."""
    phase = tiny_phase(
        micro_batch=10,
        prior=Gravity(9.81),
        weight=PriorWeight(0.9, 0.3, learnable=True),
        optimizer=OptimizerSettings(learning_rate=1e-3, final_share=1.0),
    )
    torch.set_num_threads(1)
    phase.__class__, phase.noted = Noting, []
    trainer = tiny_trainer(10, limit_val_batches=0, gradient_clip_val=1.0)
    trainer.fit(phase, datamodule=tiny_data())
    return phase.noted


def test_golden_losses_and_what_is_logged_when():
    rows = golden_steps()
    check_rows("memory", rows)  # another task begins in the middle, so it need not fall
    assert rows[4]["train/replay"] < rows[1]["train/replay"]
    assert "train/replay" not in rows[0], "nothing is stored yet"
    assert "train/replay" in rows[1]
    assert "train/ewc" not in rows[4]
    assert rows[6]["train/ewc"] > 0
    share = rows[6]["train/ewc"] / rows[6]["train/loss"]
    assert rows[6]["train/ewc_share"] == pytest.approx(share, rel=1e-2)
    assert [row["train/stage"] for row in rows] == [0.0] * 5 + [1.0] * 5


TOGETHER = ("plain+mirrored",)


def ready(micro_batch: int) -> MemoryPhase:
    """With a full store, prototypes that say something, and parameters off their anchors."""
    phase = tiny_phase(stream=TOGETHER)
    tiny_trainer(4, limit_val_batches=0).fit(phase, datamodule=tiny_data(stream=TOGETHER))
    with torch.no_grad():
        phase.imagination.prototypes.values.normal_(generator=torch.Generator().manual_seed(0))
    phase.micro_batch = micro_batch
    return phase


def test_gradient_caching_gives_the_gradient_of_the_full_batch():
    full, cached = (
        gradient(ready(micro_batch), tiny_data(stream=TOGETHER)) for micro_batch in (64, 7)
    )
    assert full.norm() > 0
    assert (cached - full).norm() / full.norm() < 1e-5


def fast(**changes: object) -> torch.Tensor:
    """Errors [after, task] of a training that moves far."""
    optimizer = OptimizerSettings(learning_rate=2e-2, final_share=1.0)
    return trained(40, 80, optimizer=optimizer, **changes).errors[..., 0]


@pytest.fixture(scope="module")
def naive() -> torch.Tensor:
    return fast(**NAIVE)


def test_without_memory_the_first_task_is_forgotten(naive: torch.Tensor):
    assert naive[1, 0] < 0.7 * naive[0, 0], "it was learned"
    assert naive[2, 0] > 1.4 * naive[1, 0], "and is lost"


@pytest.mark.parametrize("term", ["replay", "ewc"])
def test_replay_and_ewc_forget_less_and_learn_the_second_task(term: str, naive: torch.Tensor):
    found = fast(prototypes=None, loss_weights={**WEIGHTS, term: 1.0})
    lost, theirs = found[2, 0] - found[1, 0], naive[2, 0] - naive[1, 0]
    assert lost < 0.6 * theirs
    assert found[2, 1] < 0.9 * found[0, 1]


def test_every_step_is_offered_and_prototypes_are_made_anew_as_often_as_asked(
    monkeypatch: pytest.MonkeyPatch,
):
    moments: list[int] = []
    made_anew = Prototypes.consolidate

    def note(prototypes: Prototypes, contexts: torch.Tensor, seed: int) -> None:
        moments.append(phase.trainer.global_step)
        made_anew(prototypes, contexts, seed=seed)

    monkeypatch.setattr(Prototypes, "consolidate", note)
    phase = tiny_phase(memory=dataclasses.replace(MEMORY, consolidate_every=3))
    tiny_trainer(7, limit_val_batches=0).fit(phase, datamodule=tiny_data())
    assert moments == [3, 6]
    # 24 windows in the first step, then half of each is replayed
    assert int(phase.store.offered) == 24 + 6 * 12


def test_as_often_and_as_strongly_as_the_plan_says_unless_told_otherwise():
    settings = compose("train", ["phase=memory"]).phase.memory
    assert (settings.consolidate_every, settings.protection) == (1000, 10.0)


def test_forgetting_and_transfer_are_logged_where_a_stage_ends():
    phase, trainer = tiny_phase(), tiny_trainer(4, limit_val_batches=0)
    trainer.fit(phase, datamodule=tiny_data())
    first, second = phase.errors[:, 0, 0], phase.errors[:, 1, 0]
    found = trainer.callback_metrics
    assert found["train/forgetting"] == pytest.approx(float(first[2] - first[1]))
    assert found["train/transfer"] == pytest.approx(float(second[0] - second[1]))


def test_prototypes_are_consolidated_learn_and_are_held_harder():
    phase = trained(6)
    prototypes = phase.imagination.prototypes
    assert prototypes.consolidated
    assert prototypes.values.abs().max() > 0
    plain = trained(6, memory=dataclasses.replace(MEMORY, protection=1.0))
    assert plain.anchors.fisher.mean() == pytest.approx(2.0, rel=1e-4), "two tasks of mean 1"
    place = 0
    for name, parameter in phase.imagination.named_parameters():
        if name == "prototypes.values":
            ours, theirs = (
                each.anchors.fisher[place : place + parameter.numel()] for each in (phase, plain)
            )
        place += parameter.numel()
    assert ours.sum() > 3 * theirs.sum() > 0


def test_what_is_measured_along_the_stream():
    phase = trained(4)
    assert int(phase.stages_done) == 2
    assert (phase.errors > 0).all()
    assert (phase.kept > 0).all()
    fresh = tiny_phase()
    fresh.load_state_dict(phase.state_dict())
    assert torch.equal(fresh.errors, phase.errors)


def test_every_task_has_its_curve():
    phase, trainer = tiny_phase(), tiny_trainer(2)
    trainer.fit(phase, datamodule=tiny_data())
    found = trainer.callback_metrics
    both = (found["val/plain"] + found["val/mirrored"]) / 2
    assert both == pytest.approx(float(found["val/physical"]), rel=1e-5)
    assert "val/ewc" not in found
    assert "val/replay" not in found


def test_a_plan_replays():
    assert tiny_phase().example_batch(10).replayed.sum() == 5
    assert not tiny_phase(**NAIVE).example_batch(10).replayed.any()


def test_what_cannot_be_is_named():
    short = Temporal(n_in=9, n_inner=16, n_heads=2, n_layers=1, n_moments=3)
    with pytest.raises(ValueError, match=r"temporal.n_in is 9, not 18"):
        tiny_phase(temporal=short)
    with pytest.raises(ValueError, match="must have weight"):
        tiny_phase(loss_weights={"replay": 1.0})
    with pytest.raises(UserError, match=r"moments are 0.05 s apart, and .* take 0.1 s"):
        tiny_trainer(2, limit_val_batches=0).fit(tiny_phase(dt_s=0.1), datamodule=tiny_data())
    with pytest.raises(UserError, match=r"kept no window of (plain|mirrored).*capacity"):
        trained(8, memory=dataclasses.replace(MEMORY, capacity=1))
    with pytest.raises(TypeError, match="needs MemoryData"):
        tiny_trainer(2).fit(tiny_phase(), train_dataloaders=[], val_dataloaders=[])


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_compiled_model_has_the_fisher_information_of_a_plain_one():
    found = []
    for compiled in (False, True):
        phase = ready(micro_batch=24)
        if compiled:
            phase.imagination.compile(backend="eager")
            phase.embed(phase.example_batch(4))
        found.append(phase._fisher(0))
    plain, other = found
    assert all(torch.allclose(plain[name], other[name], rtol=1e-4) for name in plain)


if __name__ == "__main__":
    write_golden("memory", golden_steps())
