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
from nsca.composition import compose
from nsca.data.source import ProbeLabel, Split
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
        "drop": 0.3,
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


def test_without_a_fusion_a_lost_sense_is_made_up_for_as_far_as_a_linear_map_can(values):
    name = "properties/val/level/{}/without_proprioception-1"
    assert values[name.format("trained")] > 0.3, "the other senses know it, too"
    assert values[name.format("concatenated")] > 0.3, "and a map fitted with senses lost asks them"
    assert values["properties/val/level/vision/without_vision-1"] < 0.05
    assert values["properties/val/level/proprioception/proprioception_alone-1"] > 0.9


def test_what_fusing_has_to_beat_is_the_best_sense_that_is_there(values):
    name = "properties/val/level/{}/without_proprioception-1"
    left = [values[name.format(sense)] for sense in ("vision", "audio")]
    assert values[name.format("best_sense")] == max(left)
    assert values["properties/val/level/best_sense"] > max(left), "touch tells it best"
    assert values["properties/val/level/best_sense/vision_alone-1"] == left[0]


def test_senses_are_dropped_as_in_training():
    for phase in ("fusion", "full"):
        config = compose("train", [f"phase={phase}"])
        judged = compose("evaluate", ["run=none", "benchmark=fused_state"]).benchmark
        assert judged.fused_state.drop == config.data_module.drop


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
        *("trained", "random", "concatenated", "vision", "audio", "best_sense", "shuffled")
    }
    lost = {score.corruption for score in digits} - {"clean"}
    assert lost == {"without_vision", "without_audio"}, "with two, alone says the same again"
    values = benchmark().metrics(digits)
    assert values["properties/val/level/trained"] > 0.5
    assert values["properties/val/level/trained/without_vision-1"] > 0.5


def test_a_run_of_fusion_is_needed(tmp_path):
    with pytest.raises(ValueError, match="a run is needed"):
        next(benchmark().judge(None, 0, tmp_path))


def test_a_probability_is_below_one():
    with pytest.raises(UserError, match="drop=1"):
        benchmark(drop=1)


@pytest.mark.parametrize("wrong", [{"fit_moments": 1}, {"gallery": 1}, {"ranks": [0]}])
def test_impossible_budgets_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(UserError, match=f"{name}=.* is too few"):
        benchmark(**wrong)
