"""Every outcome of the lethality gate has its verdict; a cell really learns and acts."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch

from nsca.benchmarks.few_shot_arms import BASELINES
from nsca.benchmarks.few_shot_learning import Recipe
from nsca.errors import UserError
from nsca.gates.gate import Cell, Row
from nsca.gates.lethality import (
    ACCEPT_ALL,
    CLONES,
    HARDER,
    HIGH,
    LEARNED,
    LOW,
    MIDDLE,
    NONE,
    RANDOM,
    LethalityGate,
)
from nsca.gates.verdict import Kind
from nsca.priors.physics import Physics
from nsca.priors.random_fixed import RandomFixed

RECIPE = Recipe(steps=10, batch=32, members=2, width=8, contribution=1e-3, learning_rate=3e-3)
ARMS = (HIGH, MIDDLE, LOW, NONE, RANDOM, LEARNED)


def gate() -> LethalityGate:
    return LethalityGate(
        question="does it help?",
        seeds=[0, 1, 2, 3, 4],
        prior=Physics(9.81),
        control=RandomFixed(seed=0),
        setting="push-v3 1",
        harder="reach-v3 1",
        recipe=RECIPE,
        episodes=2,
        gain=0.2,
        ceiling=0.95,
        floor=0.05,
    )


def rows(first: Mapping[str, float], harder: Mapping[str, float]) -> list[Row]:
    """Five seeds around the given mean successes; arms not named are at one half."""
    found = []
    for seed in range(5):
        for arm in ARMS:
            figures = {}
            for prefix, given in (("", first), (HARDER, harder)):
                success = given.get(arm, 0.5) + 0.01 * (seed - 2) * (1 if arm == HIGH else -1)
                figures |= {
                    f"{prefix}success": float(np.clip(success, 0, 1)),
                    f"{prefix}imagined": 0.5,
                    f"{prefix}model_error_cm": 0.3,
                    f"{prefix}weight": 0.9,
                }
            found.append(Row(arm, seed, figures))
    return found


MIXED = {HIGH: 0.5, MIDDLE: 0.5, LOW: 0.5}


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        ({HIGH: 0.9, MIDDLE: 0.5, LOW: 0.3}, Kind.PASS),
        ({HIGH: 0.65, MIDDLE: 0.5, LOW: 0.3}, Kind.WEAK),
        ({HIGH: 0.5, MIDDLE: 0.5, LOW: 0.5}, Kind.NO_EFFECT),
        ({HIGH: 0.3, MIDDLE: 0.3, LOW: 0.8}, Kind.HARMFUL),
        ({HIGH: 0.3, MIDDLE: 0.8, LOW: 0.3}, Kind.HARMFUL),
        ({HIGH: 0.9, MIDDLE: 0.5, LOW: 0.3, RANDOM: 0.9}, Kind.CONTROL_MISBEHAVED),
        ({HIGH: 0.9, MIDDLE: 0.5, LOW: 0.3, NONE: 0.95}, Kind.NO_EFFECT),
    ],
)
def test_the_verdict_follows_from_the_figures(first, kind):
    verdict = gate().judge(rows(first, MIXED))
    assert verdict.kind is kind
    assert "At push-v3 with 1" in verdict.text


def test_the_criterion_takes_its_numbers_from_the_fields():
    said = gate().criterion
    assert "by more than 20 points" in said
    assert "push-v3 1 demonstrations" in said
    assert "at reach-v3 1" in said


def test_a_saturated_setting_gives_way_to_the_harder_one():
    full = dict.fromkeys((HIGH, MIDDLE, LOW), 1.0)
    verdict = gate().judge(rows(full, {HIGH: 0.9, MIDDLE: 0.5}))
    assert verdict.kind is Kind.PASS
    assert "At reach-v3 with 1" in verdict.text
    assert gate().judge(rows(full, full)).kind is Kind.CEILING
    compared = {HIGH: 1.0, MIDDLE: 0.99, LOW: 0.8}
    assert gate().judge(rows(compared, compared)).kind is Kind.CEILING
    empty = dict.fromkeys((HIGH, MIDDLE, LOW), 0.0)
    assert gate().judge(rows(empty, empty)).kind is Kind.FLOOR


@pytest.mark.parametrize(
    ("harder", "said"),
    [("soccr-v3 5", "no task 'soccr-v3'"), ("soccer-v3", "no setting"), ("soccer 0", "no setting")],
)
def test_a_mistyped_setting_is_refused_before_anything_runs(harder, said):
    with pytest.raises(UserError, match=said):
        replace(gate(), harder=harder)


def test_arms_differ_in_prior_and_weight_alone_and_every_baseline_stands_beside_them():
    cells = gate().cells(quick=False)
    assert len(cells) == 5 * 13
    assert {cell.arm for cell in cells} == {*ARMS, ACCEPT_ALL, *BASELINES}
    shared = {(cell.parameters["steps"], cell.parameters["episodes"]) for cell in cells}
    assert len(shared) == 1
    weights = {cell.arm: cell.parameters.get("weight") for cell in cells}
    assert (weights[HIGH], weights[MIDDLE], weights[NONE]) == (0.9, 0.5, 0.0)
    assert weights[ACCEPT_ALL] == weights[HIGH]
    assert weights["warped"] is None


EXPERTS = ("expert_success", f"{HARDER}expert_success")


def test_a_quick_run_leaves_out_what_cannot_be_shortened():
    cells = gate().cells(quick=True)
    assert {cell.arm for cell in cells} == {*ARMS, ACCEPT_ALL, *BASELINES} - CLONES
    assert {cell.seed for cell in cells} == {0, 1}


def test_a_baseline_has_no_figure_but_success_and_the_verdict_does_not_see_it():
    found = gate().run(Cell("warped", 0, {"steps": 5, "episodes": 2}))
    assert set(found.figures) == {"success", f"{HARDER}success", *EXPERTS}
    assert found.figures["success"] == 1.0
    without = rows({HIGH: 0.9, MIDDLE: 0.5, LOW: 0.3}, MIXED)
    beside = [Row("warped", seed, {"success": 1.0, f"{HARDER}success": 1.0}) for seed in range(5)]
    assert gate().judge([*without, *beside]).figures == gate().judge(without).figures
    figure = gate().plot([*without, *beside])
    assert len(figure.axes[0].get_xticks()) == len(ARMS) + 1
    assert len(figure.axes[1].get_xticks()) == len(ARMS)


def test_a_cell_learns_acts_and_repeats_itself():
    cell = Cell(HIGH, 0, {"weight": 0.9, "steps": 5, "episodes": 2})
    found = []
    for _ in range(2):
        torch.manual_seed(cell.seed)  # as the frame does
        found.append(gate().run(cell).figures)
    first, again = found
    assert first == again
    assert set(first) == {*gate().shown, *EXPERTS}
    assert all(0 < first[each] <= 1 for each in EXPERTS)
    assert first["success"] >= 0.5, "push from one demonstration is easy"
    assert first["weight"] == pytest.approx(0.9)


def test_a_learnable_weight_leaves_its_trace_and_a_held_one_has_none():
    found = gate().run(Cell(LEARNED, 0, {"weight": 0.9, "steps": 5, "episodes": 1}))
    assert found.series["step"] == [0, 1, 2, 3, 4, 5]
    for prefix in ("", HARDER):
        trace = found.series[f"{prefix}weight"]
        assert trace[0] == pytest.approx(0.9)
        assert trace[-1] == pytest.approx(found.figures[f"{prefix}weight"])
        assert len(set(trace)) == 6
    figure = gate().plot([Row(LEARNED, 0, found.figures, found.series), *rows(MIXED, MIXED)])
    assert [len(axis.lines) for axis in figure.axes[3::4]] == [1, 1]
