"""What the page says follows from the figures of the runs."""

import re

import fake_record
import pytest
from fake_record import page_of

TITLES = (
    "Learning curves",
    "What the features know",
    "Under corruption",
    "Diagnoses",
    "Reproduce",
    "Run card",
)


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


def test_without_evaluation_the_page_gives_the_command():
    text = page_of(fake_record.record(0, []))
    assert "Not judged yet: <code>python -m nsca.evaluate run=outputs/train/vision-tiny/" in text
    assert "<h2>What the features know" not in text
