"""What a fused state knows, judged on a world of one number that every sense tells of."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from phases.tiny_fusion import (
    PER_CLIP,
    WEIGHTS,
    Digits,
    Glowing,
    tiny_data,
    tiny_fusion,
    tiny_phase,
)
from phases.tiny_vision import tiny_trainer

from nsca.benchmarks.fused_state import FusedState
from nsca.benchmarks.scores import Score
from nsca.data.batch import ProbeLabel, Split
from nsca.errors import UserError


class Pushed(Glowing):
    """A glowing thing whose number is also where it is; every moment is heard."""

    def moments(self, split: Split):
        found = super().moments(split)
        level, moves = self._level(split)
        physical = np.zeros((len(level), 12), np.float32)
        physical[:, 0], physical[:, 3] = level, moves[:, 0]
        object.__setattr__(found, "physical", physical)
        found.present["audio"][:] = True
        return found

    def moment_labels(self, split: Split) -> dict[str, ProbeLabel]:
        level, _ = self._level(split)
        return {"level": ProbeLabel(level, "scalar", np.arange(len(level)) // PER_CLIP)}


def benchmark(**changes: object) -> FusedState:
    settings = {
        "fit_moments": 300,
        "test_moments": 150,
        "hidden": [],
        "gallery": 60,
        "ranks": [1, 10],
    }
    return FusedState(**{**settings, **changes})


@pytest.fixture(scope="module")
def scores() -> list[Score]:
    phase = tiny_phase(loss_weights={**WEIGHTS, "consistency": 1.0})
    data = tiny_data(source=Pushed(clips=80))
    tiny_trainer(500, limit_val_batches=0).fit(phase, datamodule=data)
    torch.manual_seed(1)
    fusions = {"trained": phase.encoder.eval(), "random": tiny_fusion()}
    source = Pushed(clips=80)
    pieces = benchmark().run(phase.senses, fusions, source, report=lambda _line: None)
    return [score for piece in pieces for score in piece]


@pytest.fixture(scope="module")
def values(scores: list[Score]) -> Mapping[str, float]:
    return benchmark().metrics(scores)


def test_the_state_knows_what_its_senses_know(values):
    assert values["properties/val/level/trained"] > 0.9
    assert values["properties/val/level/proprioception"] > 0.9
    assert values["properties/val/level/shuffled"] < 0.1


def test_the_next_moment_follows_from_state_and_action(values):
    assert values["next_moment/val/next_target_x_m/trained"] > 0.9
    assert values["next_moment/val/next_target_x_m/true_state"] > 0.99
    names = [name for name in values if "hand" in name]
    assert not names, "where the hand will be is told by the action"


def test_a_state_that_has_lost_a_sense_is_judged_by_the_same_probes(values):
    lost = values["properties/val/level/trained/without_proprioception-1"]
    assert lost > 0.3, "the other senses know it, too, and the state says so in the same place"
    assert values["properties/val/level/concatenated/without_proprioception-1"] < 0.1
    assert values["properties/val/level/random/without_proprioception-1"] < 0.1
    assert values["properties/val/level/vision/without_vision-1"] < 0.05
    assert values["properties/val/level/proprioception/proprioception_alone-1"] > 0.9


def test_trained_senses_find_each_other(scores, values):
    found = values["retrieval/val/vision_to_audio_at_10/trained"]
    (chance,) = {score.chance for score in scores if score.quantity == "vision_to_audio_at_10"}
    assert chance == pytest.approx(10 / 60)
    assert found > 2 * chance


def test_every_figure_is_of_one_of_the_three_questions(scores, values):
    assert {name.partition("/")[0] for name in values} == {
        "properties",
        "next_moment",
        "retrieval",
    }
    kinds = {score.features for score in scores if score.measure == "r2"}
    assert kinds >= {"trained", "random", "concatenated", "vision", "audio", "proprioception"}


@pytest.fixture(scope="module")
def digits() -> list[Score]:
    phase = tiny_phase(loss_weights={**WEIGHTS, "consistency": 1.0})
    source = Digits(clips=60)
    tiny_trainer(400, limit_val_batches=0).fit(phase, datamodule=tiny_data(source=source))
    torch.manual_seed(1)
    fusions = {"trained": phase.encoder.eval(), "random": tiny_fusion()}
    pieces = benchmark(gallery=70).run(phase.senses, fusions, source, report=lambda _line: None)
    return [score for piece in pieces for score in piece]


def test_senses_recorded_apart_find_their_class(digits):
    found = {score.quantity: score for score in digits if score.measure == "recall"}
    assert found["vision_to_audio_at_1"].test_rows == 70, "no row is searched for twice"
    values = benchmark().metrics(digits)
    for way in ("vision_to_audio_at_1", "audio_to_vision_at_1"):
        assert values[f"retrieval/val/{way}/chance"] == pytest.approx(0.25, abs=0.05)
        assert values[f"retrieval/val/{way}/trained"] > 0.5


def test_what_the_data_never_has_is_no_column_of_the_table(digits):
    assert {s.features for s in digits if s.measure == "accuracy"} == {
        *("trained", "random", "concatenated", "vision", "audio", "shuffled")
    }
    lost = {score.corruption for score in digits} - {"clean"}
    assert lost == {"without_vision", "without_audio"}, "with two, alone says the same again"
    values = benchmark().metrics(digits)
    assert values["properties/val/level/trained"] > 0.5
    assert values["properties/val/level/trained/without_vision-1"] > 0.5


def test_a_run_of_fusion_is_needed(tmp_path):
    with pytest.raises(ValueError, match="a run is needed"):
        next(benchmark().judge(None, 0, tmp_path))


@pytest.mark.parametrize("wrong", [{"fit_moments": 1}, {"gallery": 1}, {"ranks": [0]}])
def test_impossible_budgets_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(UserError, match=f"{name}=.* is too few"):
        benchmark(**wrong)
