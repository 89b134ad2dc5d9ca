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


def verdict_of(text: str) -> list[str]:
    """Its sentences about accuracy."""
    verdict = text[text.index('<div class="verdict">') : text.index('<div class="tiles">')]
    return [line for line in verdict.split("<p>") if "accuracy" in line]


def test_each_condition_is_compared_with_its_own_twin_seed_by_seed():
    """B's gain is 0.10 under either seed; A's twin, or the other seed's, would give another."""
    a = [fake_record.record(seed, fake_record.scores(0.9, 0.3)) for seed in (0, 1)]
    b = [
        fake_record.record(seed, fake_record.scores(trained, trained - 0.1), gabor="random")
        for seed, trained in ((1, 0.8), (0, 0.6))
    ]
    first, second = verdict_of(page_of(*a, *b))
    assert "gabor=frozen: mean accuracy" in first
    assert "untrained twin 0.300 ± 0.000" in first
    assert "+0.600" in first
    assert "gabor=random: mean accuracy" in second
    assert "untrained twin 0.600 ± 0.100" in second
    assert "+0.100, 95 % from +0.100 to +0.100" in second


def test_a_seed_without_its_twin_is_left_out_of_the_difference():
    alone = [each for each in fake_record.scores(0.5) if each.features == "trained"]
    runs = fake_record.record(0, alone), fake_record.record(1, fake_record.scores(0.8, 0.6))
    (text,) = verdict_of(page_of(*runs))
    assert "<b>0.650 ± 0.150</b>" in text
    assert "untrained twin 0.600 (" in text
    assert "+0.200</span>" in text


def test_references_come_from_the_first_condition_that_was_judged():
    text = page_of(fake_record.record(0, []), fake_record.record(0, gabor="random"))
    assert "model.vision.gabor=frozen: not judged yet: <code>python -m nsca.evaluate" in text
    (judged,) = verdict_of(text)
    assert "untrained twin 0.600" in judged
    assert "<th>untrained twin</th>" in text
    assert "encoder-free features, shuffled labels: of model.vision.gabor=random." in text


def test_without_evaluation_the_page_gives_the_command():
    text = page_of(fake_record.record(0, []))
    assert "Not judged yet: <code>python -m nsca.evaluate run=outputs/train/vision-tiny/" in text
    assert "<h2>What the features know" not in text
