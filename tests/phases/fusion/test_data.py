"""Moments of each step: pure functions of seed and step, with senses left out and one kept."""

import numpy as np
import pytest
import torch
from phases.short_trainings import batches_seen
from phases.tiny_dynamics import Pushed
from phases.tiny_fusion import PER_CLIP, Digits, Glowing, tiny_data, tiny_phase
from phases.tiny_vision import MovingShapes

from nsca.data.batch import FusionBatch
from nsca.data.step_loader import Epoch
from nsca.errors import UserError
from nsca.phases.fusion.data import FusionSteps, MomentRows


def packed_rows(source: Glowing) -> MomentRows:
    """Rows whose features say which moment they are of."""
    rows = MomentRows(source.moments("train"))
    rows.packed = torch.arange(len(rows.moments)).float()[:, None].expand(-1, 68).contiguous()
    return rows


def steps(rows: MomentRows, drop: float = 0.3) -> FusionSteps:
    return FusionSteps(rows, Epoch(seed=0, batch=24, steps=3, first_step=lambda: 0), drop)


def seen(max_steps: int, **how: object) -> list[tuple[int, float]]:
    def fingerprint(batch) -> float:
        return batch.now.double().sum().item() + batch.kept.sum().item()

    return batches_seen(tiny_phase(), tiny_data(), max_steps, fingerprint, **how)


def test_a_moment_comes_with_the_next_one_of_its_clip():
    batches = list(steps(packed_rows(Glowing())))
    now = torch.cat([batch.now[:, 0] for batch in batches])
    later = torch.cat([batch.later[:, 0] for batch in batches])
    assert (later == now + 1).all()
    assert (now % PER_CLIP != PER_CLIP - 1).all(), "the last one of a clip has no next"
    assert len(now.unique()) == 72
    moments = Glowing().moments("train")
    assert torch.equal(batches[0].action, torch.from_numpy(moments.action)[now[:24].long()])


def test_without_time_there_is_no_next_one_and_every_moment_counts():
    rows = packed_rows(Glowing(timed=False))
    assert len(rows) == 96
    batch = steps(rows).step_batch(0)
    assert batch.later is batch.action is batch.later_there is None


def packed_digits() -> MomentRows:
    """Rows in which each sense's columns say which moment they are of."""
    rows = MomentRows(Digits().moments("train"))
    rows.packed = torch.arange(len(rows.moments)).float()[:, None].expand(-1, 68).contiguous()
    rows.widths = [32, 32, 4]
    return rows


def test_what_was_recorded_apart_comes_with_partners_of_its_number():
    rows = packed_digits()
    assert len(rows) == 96
    batches = list(steps(rows, drop=0.5))
    for batch in batches:
        seen, heard = batch.now[:, 0].long(), batch.now[:, 32].long()
        assert (batch.now[:, :32] == seen[:, None]).all()
        assert batch.there[:, :2].all(), "one of the class has what is lacking"
        assert not batch.there[:, 2].any()
        assert (seen % 2 == 0).all()
        assert (heard % 2 == 1).all()
        belongs = torch.from_numpy(rows.moments.belongs)
        assert torch.equal(belongs[seen], batch.belongs)
        assert torch.equal(belongs[heard], batch.belongs)
        assert batch.kept[:, :2].any(dim=1).all()
        assert batch.later is batch.action is None


def test_partners_follow_from_seed_and_step_and_change_from_epoch_to_epoch():
    def partner_of_picture_0(epoch: Epoch) -> list[float]:
        loader = FusionSteps(packed_digits(), epoch, 0.0)
        batches = [loader.step_batch(step) for step in range(24)]
        return [b.now[row, 32].item() for b in batches for row in (b.now[:, 0] == 0).nonzero()]

    def epoch(seed: int) -> Epoch:
        return Epoch(seed=seed, batch=48, steps=2, first_step=lambda: 0)

    drawn = partner_of_picture_0(epoch(0))
    assert len(set(drawn)) > 5
    assert partner_of_picture_0(epoch(0)) == drawn
    assert partner_of_picture_0(epoch(1)) != drawn


def test_what_is_left_out_follows_from_seed_and_step():
    first, again = (steps(packed_rows(Glowing())).step_batch(1) for _ in range(2))
    assert torch.equal(first.kept, again.kept)
    assert not torch.equal(first.kept, steps(packed_rows(Glowing())).step_batch(0).kept)
    assert torch.equal(steps(packed_rows(Glowing()), drop=0.0).step_batch(1).kept, first.there)


def test_a_resumed_run_sees_what_an_uninterrupted_one_would(tmp_path):
    whole = seen(5)
    assert [step for step, _ in whole] == list(range(5))
    seen(2, save=tmp_path / "a.ckpt")  # in the middle of an epoch of 3
    assert seen(5, checkpoint=tmp_path / "a.ckpt") == whole[2:]


def test_features_have_the_scale_of_the_training_part():
    data, phase = tiny_data(), tiny_phase()
    data.setup("fit")
    data.pack(phase.senses)
    rows = data.stored("train")
    heard = rows.features()[rows.there[:, 1], 32:64]
    assert heard.mean(dim=0).abs().max() < 1e-3
    assert heard.std(dim=0, correction=0).max() < 1.001
    assert phase.senses.fitted


def test_what_cannot_be_trained_on_is_refused():
    with pytest.raises(UserError, match=r"one sense alone.*data=babbling"):
        tiny_data(source=MovingShapes())
    with pytest.raises(ValueError, match="drop must be in"):
        tiny_data(drop=1.0)
    with pytest.raises(UserError, match="18 training moments"):
        tiny_data(source=Glowing(clips=6)).setup("fit")
    with pytest.raises(RuntimeError, match="have not been asked"):
        FusionSteps(MomentRows(Glowing().moments("val")), Epoch(0, 24, 1, lambda: 0), 0.0)


def test_batches_can_be_cut_for_gradient_caching():
    batch = steps(packed_rows(Glowing())).step_batch(0)
    part = batch.slice(4, 9)
    assert isinstance(part, FusionBatch)
    assert torch.equal(part.later_there, batch.later_there[4:9])


def test_without_a_physical_state_no_moment_is_easier_than_another():
    data = tiny_data(source=Digits())
    with pytest.raises(UserError, match="does not say which moments are easy"):
        data.difficulty(data.stored("train"))


def test_moments_in_which_much_moves_come_later():
    rows = MomentRows(Pushed().moments("train"))
    speed = np.linalg.norm(rows.moments.physical[rows.chosen, 3:6], axis=1)
    assert tiny_data().difficulty(rows) == pytest.approx(speed)
    assert len(speed) == len(rows) < len(rows.moments)
