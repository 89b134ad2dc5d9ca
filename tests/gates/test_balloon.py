"""One agent that must pass, others that must fail, and a verdict for every outcome."""

from dataclasses import replace
from pathlib import Path

import pytest

from nsca.assembly import build
from nsca.composition import compose
from nsca.gates.balloon import BALLOON, CONTROL, FREE, BalloonGate
from nsca.gates.gate import Row
from nsca.gates.verdict import Kind, Verdict

TUNING_SEEDS = [100, 101, 102, 103, 104]  # not those of the record


@pytest.fixture(scope="module")
def gate() -> BalloonGate:
    return build(compose("gate", ["gate=balloon"]).gate, seeds=TUNING_SEEDS)


def rows(
    weight: float = 0.35,
    stone: float = 0.8,
    rising: float = 1.0,
    error: float = 0.1,
    stone_error: float = 0.1,
    spread: float = 0.01,
) -> list[Row]:
    found = []
    for seed in TUNING_SEEDS:
        shift = spread * (seed - 102) / 2
        for arm, its_weight, its_error in (
            (CONTROL, stone, stone_error),
            (BALLOON, weight + shift, error),
            (FREE, 0.6, error),
        ):
            figures = {
                "weight": its_weight,
                "rising_share": rising,
                "error_m": its_error,
                "error_over_copy": its_error,
                "error_over_prior": its_error,
            }
            found.append(Row(arm, seed, figures))
    return found


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({}, Kind.PASS, "The prior was unlearned"),
        ({"weight": 0.31, "stone": 0.52}, Kind.PASS, "0.210 lower than with a stone"),
        ({"weight": 0.448}, Kind.WEAK, "not into the range"),
        ({"weight": 0.7}, Kind.WEAK, "0.700"),
        ({"weight": 0.895, "spread": 0.05}, Kind.NO_EFFECT, "spans the start"),
        ({"weight": 0.96}, Kind.HARMFUL, "rose"),
        ({"stone": 0.5}, Kind.CONTROL_MISBEHAVED, "margin 0.14"),
        ({"stone_error": 0.9}, Kind.CONTROL_MISBEHAVED, "about a stone (error over copy 0.90)"),
        ({"rising": 0.9}, Kind.FAIL, "90% rise"),
        ({"error": 0.6}, Kind.FAIL, "over copy 0.60"),
    ],
)
def test_every_outcome_has_its_verdict(gate, changes, kind, said, tmp_path):
    verdict = gate.judge(rows(**changes))
    assert verdict.kind is kind
    assert said in verdict.text
    verdict.write(tmp_path / "verdict.json")
    assert Verdict.read(tmp_path / "verdict.json") == verdict


def test_cells_go_seed_by_seed_and_arms_of_a_seed_share_their_balloon(gate):
    cells = gate.cells(quick=False)
    assert [cell.arm for cell in cells[:3]] == [CONTROL, BALLOON, FREE]
    assert len(cells) == 15
    lifts = {cell.seed: cell.parameters["lift"] for cell in cells if cell.arm == BALLOON}
    assert len(set(lifts.values())) == 5
    assert all(1.25 <= float(lift) <= 2.0 for lift in lifts.values())
    for cell in cells:
        assert cell.parameters["steps"] == 1000
        assert cell.parameters["lift"] == (0.0 if cell.arm == CONTROL else lifts[cell.seed])
        assert (cell.parameters["penalty"] == 0) == (cell.arm == FREE)
    quick = gate.cells(quick=True)
    assert {cell.arm for cell in quick} == {CONTROL, BALLOON, FREE}
    assert len(quick) == 6


def finished(gate: BalloonGate) -> list[Row]:
    """One seed at full length, standing for five."""
    found = []
    for cell in gate.cells(quick=False)[:3]:
        result = gate.run(cell)
        found += [Row(cell.arm, seed, result.figures, result.series) for seed in TUNING_SEEDS]
    return found


def test_a_model_with_a_learnable_weight_and_a_penalty_passes(gate, tmp_path):
    done = finished(gate)
    verdict = gate.judge(done)
    assert verdict.passed, verdict.text
    assert 0.3 <= verdict.figures["weight"] <= 0.36
    gate.plot(done).savefig(Path(tmp_path) / "plot.png")
    for row in done:
        assert {len(column) for column in row.series.values()} == {81}
        assert row.series["weight"][0] == pytest.approx(0.9)


def test_a_model_without_the_penalty_must_fail(gate):
    verdict = replace(gate, penalty=0.0).judge(finished(replace(gate, penalty=0.0)))
    assert verdict.kind is Kind.WEAK


def test_a_cell_gives_the_same_twice(gate):
    cell = gate.cells(quick=True)[1]
    assert gate.run(cell) != gate.run(gate.cells(quick=True)[4])
    import torch

    torch.manual_seed(1)
    first = gate.run(cell)
    torch.manual_seed(1)
    assert gate.run(cell) == first


def test_the_criterion_takes_its_numbers_from_the_configuration(gate):
    other = replace(gate, weight_high=0.4, control_margin=0.3)
    assert "0.30-0.40" in other.criterion
    assert "at least 0.3 higher" in other.criterion
