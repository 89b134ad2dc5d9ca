"""Agreement of senses and attention: known at the ends, logged with the validation."""

import math

import numpy as np
import pytest
import torch
from phases.tiny_full import Witnessed
from phases.tiny_full import tiny_data as stretches
from phases.tiny_full import tiny_phase as tiny_full_phase
from phases.tiny_fusion import WEIGHTS, Glowing, tiny_data, tiny_phase
from phases.tiny_vision import MovingShapes, tiny_trainer
from phases.tiny_vision import tiny_data as tiny_pictures
from phases.tiny_vision import tiny_phase as tiny_vision_phase

from nsca.callbacks.fusion_watch import (
    FusionWatch,
    alignments,
    attention_by_sense,
    attention_entropy,
)
from nsca.models.sense_names import SENSES

EVERYTHING = torch.ones(40, 3, dtype=torch.bool)


def tokens(rows: int = 40) -> torch.Tensor:
    return torch.randn(rows, 3, 512, generator=torch.Generator().manual_seed(0))


def test_senses_that_say_the_same_are_aligned_and_strangers_are_not():
    one = tokens()
    belongs = torch.arange(40)
    strangers = alignments(one, EVERYTHING, belongs)
    assert strangers["alignment"].item() == pytest.approx(0, abs=0.02)
    agreeing = one[:, :1].expand(-1, 3, -1)
    assert alignments(agreeing, EVERYTHING, belongs)["alignment"].item() == pytest.approx(
        1, abs=0.02
    )
    crowded = torch.ones_like(one)
    assert alignments(crowded, EVERYTHING, belongs)["alignment"].item() == pytest.approx(
        0, abs=1e-5
    )
    half = torch.stack([one[:, 0], one[:, 0], one[:, 2]], dim=1)
    found = alignments(half, EVERYTHING, belongs)
    assert found["alignment_vision_audio"].item() == pytest.approx(1, abs=0.02)
    assert found["alignment_audio_proprioception"].item() == pytest.approx(0, abs=0.02)
    assert found["alignment"].item() == pytest.approx(1 / 3, abs=0.02)


def test_what_belongs_together_counts_as_one_and_what_is_missing_not_at_all():
    classes = torch.arange(40) % 4
    meaning = torch.eye(4, 512)[classes]
    aligned = torch.stack([meaning, meaning, torch.zeros(40, 512)], dim=1)
    there = EVERYTHING.clone()
    there[:, 2] = False
    there[7, 1] = False
    aligned[7, 1] = 1e6
    found = alignments(aligned, there, classes)
    assert found.keys() == {"alignment"}, "of one pair"
    assert found["alignment"].item() == pytest.approx(1)
    assert alignments(aligned, there, torch.zeros(40, dtype=torch.long)) == {}


def test_entropy_is_the_share_of_what_the_tokens_allow():
    there = torch.tensor([[True, True, True], [True, False, False]])
    even = torch.tensor([[0.25, 0.25, 0.25, 0.25], [0.5, 0.0, 0.0, 0.5]])
    sharp = torch.tensor([[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    both = torch.stack([even, sharp], dim=1)[:, None]  # a head of two queries
    assert attention_entropy(both[:, :, :1], there).item() == pytest.approx(1)
    assert attention_entropy(both[:, :, 1:], there).item() == 0
    assert attention_entropy(both, there).item() == pytest.approx(0.5)
    quarter = torch.tensor([[[[0.75, 0.25, 0.0, 0.0]]]])
    by_hand = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25)) / math.log(4)
    assert attention_entropy(quarter, there[:1]).item() == pytest.approx(by_hand)


def test_attention_on_a_sense_is_taken_where_the_sense_is():
    there = torch.tensor([[True, True, False], [True, False, False]])
    attention = torch.tensor([[0.5, 0.4, 0.0, 0.1], [0.2, 0.0, 0.0, 0.8]])[:, None, None]
    found = {name: value.item() for name, value in attention_by_sense(attention, there).items()}
    assert found == pytest.approx(
        {"attention_vision": 0.35, "attention_audio": 0.4, "attention_nothing": 0.45}
    )


def watched(steps: int, **source: object) -> dict[str, float]:
    trainer = tiny_trainer(steps, callbacks=[FusionWatch()])
    phase = tiny_phase(loss_weights={**WEIGHTS, "consistency": 1.0})
    trainer.fit(phase, datamodule=tiny_data(source=Glowing(**source)))
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


def test_figures_are_logged_with_the_validation():
    found = watched(120)
    assert found["val/alignment"] > watched(1)["val/alignment"] + 0.03
    assert 0 < found["val/attention_entropy"] <= 1
    shares = [f"val/attention_{name}" for name in ("vision", "proprioception", "nothing")]
    assert all(0 < found[name] < 1 for name in shares)
    errors = [found[f"val/prediction_{name}"] for name in SENSES]
    assert np.mean(errors) == pytest.approx(found["val/prediction"], rel=1e-4)


def test_a_sense_that_nobody_has_has_no_figure():
    found = watched(1, silent=True)
    assert "val/attention_audio" not in found
    assert "val/prediction_audio" not in found
    assert found["val/prediction_vision"] > 0
    assert not [name for name in found if name.startswith("val/alignment_")]
    assert math.isfinite(found["val/alignment"])


@pytest.mark.parametrize("lacking", [(), ("audio",)])
def test_the_full_phase_is_watched_at_the_last_moment_that_it_sees(lacking):
    trainer = tiny_trainer(1, callbacks=[FusionWatch()])
    trainer.fit(tiny_full_phase(), datamodule=stretches(source=Witnessed(lacking=lacking)))
    found = {name: float(value) for name, value in trainer.callback_metrics.items()}
    senses = [sense for sense in SENSES if sense not in lacking]
    errors = [found[f"val/prediction_{sense}"] for sense in senses]
    assert np.mean(errors) == pytest.approx(found["val/fusion_prediction"], rel=1e-4)
    assert ("val/prediction_audio" in found) == ("audio" in senses)
    assert math.isfinite(found["val/alignment"])
    assert 0 < found["val/attention_entropy"] <= 1


def test_a_phase_that_fuses_nothing_is_refused():
    trainer = tiny_trainer(1, callbacks=[FusionWatch()])
    with pytest.raises(TypeError, match="VisionPhase fuses no senses"):
        trainer.fit(tiny_vision_phase(), datamodule=tiny_pictures(source=MovingShapes()))
