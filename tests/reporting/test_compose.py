"""What the page says follows from the figures of the runs."""

import re
from dataclasses import replace

import fake_record
import pytest

from nsca.reporting.compose import compose_report

TITLES = (
    "Learning curves",
    "What the features know",
    "Under corruption",
    "Diagnoses",
    "Reproduce",
    "Run card",
)


def page_of(*runs: object) -> str:
    return compose_report(list(runs), pictures=False, seed=0)


@pytest.fixture(scope="module")
def one() -> str:
    return page_of(fake_record.record())


@pytest.fixture(scope="module")
def both() -> str:
    """Two seeds whose gain over the untrained twin is 0.20 and 0.22."""
    second = fake_record.scores(trained=0.84, random=0.62)
    return page_of(fake_record.record(0), fake_record.record(1, second))


def test_sections_come_in_order(one):
    positions = [one.index(f"<h2>{title}</h2>") for title in TITLES]
    assert positions == sorted(positions)


def test_the_verdict_sets_the_figure_beside_its_twin_and_chance(one):
    verdict = one[one.index('<div class="verdict">') : one.index('<div class="tiles">')]
    assert "<b>0.800</b>" in verdict
    assert "untrained twin 0.600" in verdict
    assert '<span class="good">+0.200</span>' in verdict
    assert "chance 0.250" in verdict
    assert "One seed" in verdict


def test_a_quantity_without_a_corrupted_figure_is_no_panel(one):
    """Under corruption only the class was scored: the scalar must not be drawn there."""
    section = one[one.index("<h2>Under corruption") : one.index("<h2>Diagnoses")]
    assert "<h3>Classes: shape</h3>" in section
    assert "size_m" not in section


def test_a_run_worse_than_its_twin_is_said_to_be():
    made = fake_record.scores(trained=0.55)
    assert '<span class="bad">-0.050</span>' in page_of(fake_record.record(0, made))


def test_the_best_that_beats_chance_is_stressed(one):
    assert "<td class=best>0.800</td><td>0.600</td><td>0.250</td>" in one
    lost = [replace(score, value=score.chance) for score in fake_record.scores()]
    assert "class=best" not in page_of(fake_record.record(0, lost))


def test_seeds_become_mean_error_and_paired_interval(both):
    assert "2 runs, seeds 0, 1" in both
    assert "0.820 ± 0.020" in both
    assert re.search(r"\+0\.210, 95 % from \+0\.083 to \+0\.337", both)
    assert "One seed" not in both
    assert both.count("<h3>Seed ") == 2


def test_conditions_are_named_by_what_differs():
    text = page_of(fake_record.record(0), fake_record.record(1, gabor="random"))
    assert "model.vision.gabor=frozen: mean" in text
    assert "model.vision.gabor=random: mean" in text


def test_novel_kinds_decide_where_there_are_some():
    novel = [replace(score, split="test", value=0.4) for score in fake_record.scores()]
    text = page_of(fake_record.record(0, [*fake_record.scores(), *novel]))
    assert "kinds never seen (set B): <b>0.400</b>" in text


def test_an_r2_below_nothing_counts_as_nothing_in_the_mean():
    scalar = {"quantity": "yaw", "measure": "r2", "chance": 0.0}
    made = [fake_record.score(**scalar, value=-3.0)]
    made.append(fake_record.score(**(scalar | {"quantity": "size_m"}), value=0.5))
    text = page_of(fake_record.record(0, made))
    assert "<b>0.250</b>" in text
    assert ">-3.000</td>" in text, "the table keeps the figure itself"


def test_without_evaluation_the_page_gives_the_command():
    text = page_of(fake_record.record(0, []))
    assert "Not judged yet: <code>python -m nsca.evaluate run=outputs/train/vision-tiny/" in text
    assert "<h2>What the features know" not in text


def test_failures_and_diagnoses_are_told_and_escaped():
    found = {"step": 40, "name": "collapse", "evidence": "<flat>", "remedy": "more weight"}
    run = fake_record.record(0, [], error="OutOfMemory <1>", status="failed")
    text = page_of(replace(run, diagnoses=(found,)))
    assert "collapse (step 40)" in text
    assert "&lt;flat&gt;" in text
    assert "failed: OutOfMemory &lt;1&gt;" in text
    assert "<flat>" not in text
    assert "No rule fired" not in text


def test_commands_to_reproduce_name_no_place_outside_the_outputs(both):
    commands = both[both.index("<h2>Reproduce</h2>") : both.index("<h2>Run card</h2>")]
    assert "python -m nsca.train phase=vision seed=1" in commands
    assert "run=[outputs/train/vision-tiny/2026-01-01_12-00-00-000,outputs/train/" in commands
