"""One agent that must pass, others that must fail, and a verdict for every outcome."""

from dataclasses import replace
from pathlib import Path

import pytest

from nsca.assembly import build
from nsca.composition import compose
from nsca.continual.likelihood import ActionLikelihood
from nsca.gates.forgetting import EWC, JOINT, METHODS, NAIVE, ForgettingGate
from nsca.gates.gate import Cell, Row
from nsca.gates.verdict import Kind, Verdict

SEEDS = [100, 101, 102, 103, 104]  # not those of the record


@pytest.fixture(scope="module")
def gate() -> ForgettingGate:
    return build(compose("gate", ["gate=forgetting"]).gate, seeds=SEEDS)


def rows(
    before: float = 0.8,
    naive: tuple[float, float] = (0.1, 0.75),
    ewc: tuple[float, float] = (0.76, 0.72),
    joint: tuple[float, float] = (0.85, 0.8),
    spread: float = 0.01,
) -> list[Row]:
    """Pairs: pick-place and push after both."""
    found = []
    for seed in SEEDS:
        shift = spread * (seed - 102)
        for method in METHODS:
            first, second = {NAIVE: naive, EWC: ewc, JOINT: joint}.get(method, (0.7, 0.7))
            first += shift if method == EWC else 0.0
            figures = {
                "first_before": before,
                "first_after": first,
                "forgetting": before - first,
                "second_before": 0.1,
                "second_after": second,
                "second_alone": 0.7,
                "forward_transfer": second - 0.7,
            }
            found.append(Row(method, seed, figures))
    return found


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({}, Kind.PASS, "4.0% of episodes lost (95 % from 2.0% to 6.0%), push at 0.96"),
        ({"ewc": (0.9, 0.9)}, Kind.PASS, "-10.0% of episodes lost"),
        ({"ewc": (0.6, 0.75)}, Kind.WEAK, "not enough: 20.0% of episodes lost"),
        ({"ewc": (0.8, 0.4)}, Kind.FAIL, "push at 0.53 of its naive score, pick-place though rem"),
        ({"ewc": (0.5, 0.4)}, Kind.FAIL, "nor remembered (30.0%"),
        ({"ewc": (0.11, 0.75), "spread": 0.05}, Kind.NO_EFFECT, "spans 0"),
        ({"ewc": (0.02, 0.75), "spread": 0.001}, Kind.HARMFUL, "more than naive"),
        ({"naive": (0.6, 0.75)}, Kind.CONTROL_MISBEHAVED, "forgets only 20%"),
        ({"joint": (0.85, 0.5)}, Kind.CONTROL_MISBEHAVED, "85% and 50%): they are in conflict"),
        ({"before": 0.4, "naive": (0.0, 0.75)}, Kind.FLOOR, "not learned at all"),
        ({"naive": (0.1, 0.3)}, Kind.FLOOR, "push at 30%"),
    ],
)
def test_every_outcome_has_its_verdict(gate, changes, kind, said):
    verdict = gate.judge(rows(**changes))
    assert verdict.kind is kind
    assert said in verdict.text


def test_the_thresholds_are_those_of_the_plan(gate):
    assert (gate.strength, gate.most_lost, gate.least_ratio, gate.control_lost) == (
        1000, 0.10, 0.9, 0.30,
    )  # fmt: skip
    assert "less than 10 points" in gate.criterion


def test_cells_go_seed_by_seed_and_hold_every_method(gate):
    cells = gate.cells(quick=False)
    assert [cell.arm for cell in cells[: len(METHODS)]] == list(METHODS)
    assert {cell.seed for cell in cells[: len(METHODS)]} == {100}
    assert len(cells) == 5 * len(METHODS)
    assert {cell.arm for cell in gate.cells(quick=True)} == set(METHODS)
    for method in METHODS:
        made = gate.method(method, ActionLikelihood(0.1), 0)
        assert made.knows_task == (method == "packnet")


@pytest.mark.slow  # a minute of training
def test_ewc_must_pass_and_without_strength_must_fail(gate):
    """One seed of full size, with fewer episodes, standing for five."""

    def done(own: ForgettingGate, arm: str) -> dict[str, float]:
        return dict(own.run(Cell(arm, 100, {"steps": 400, "episodes": 30})).figures)

    naive, joint = done(gate, NAIVE), done(gate, JOINT)

    def judged(ewc: dict[str, float]) -> Verdict:
        ran = {EWC: ewc, JOINT: joint}
        return gate.judge([Row(m, s, ran.get(m, naive)) for s in SEEDS for m in METHODS])

    passes = judged(done(gate, EWC))
    assert passes.passed, passes.text
    powerless = judged(done(replace(gate, strength=0.0), EWC))
    assert powerless.kind is Kind.NO_EFFECT, powerless.text


def test_a_cell_gives_the_same_twice_and_arms_begin_alike(gate):
    small = replace(gate, width=16, first_demonstrations=2, second_demonstrations=2)
    ran = {cell.arm: small.run(cell).figures for cell in small.cells(quick=True)}
    assert small.run(small.cells(quick=True)[0]).figures == ran[NAIVE]
    assert set(small.shown) < set(ran[NAIVE])
    assert ran[EWC]["fisher_scale"] > 0
    assert ran["packnet"]["free_share"] == 0
    for method in set(METHODS) - {"packnet"}:
        assert ran[method]["first_before"] == ran[NAIVE]["first_before"]


def test_the_plot_shows_every_method(gate, tmp_path):
    figure = gate.plot(rows())
    figure.savefig(Path(tmp_path) / "plot.png")
    assert len(figure.axes[0].get_xticklabels()) == len(METHODS)
