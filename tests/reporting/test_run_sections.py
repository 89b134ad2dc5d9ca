"""What the page says of the runs themselves."""

from dataclasses import replace

import fake_record
import numpy as np
from fake_record import page_of

from nsca.rate_finder import RateCurve


def test_failures_and_diagnoses_are_told_and_escaped():
    found = {"step": 40, "name": "collapse", "evidence": "<flat>", "remedy": "more weight"}
    run = fake_record.record(0, [], error="OutOfMemory <1>", status="failed")
    text = page_of(replace(run, diagnoses=(found,)))
    assert "collapse (step 40)" in text
    assert "&lt;flat&gt;" in text
    assert "failed: OutOfMemory &lt;1&gt;" in text
    assert "<flat>" not in text
    assert "No rule fired" not in text


def test_commands_to_reproduce_name_no_place_outside_the_outputs():
    both = page_of(fake_record.record(0), fake_record.record(1))
    commands = both[both.index("<h2>Reproduce</h2>") : both.index("<h2>Run card</h2>")]
    assert "python -m nsca.train phase=vision seed=1" in commands
    assert "run=[outputs/train/vision-tiny/2026-01-01_12-00-00-000,outputs/train/" in commands


def test_a_search_for_a_learning_rate_is_drawn():
    rates = np.geomspace(1e-6, 1.0, 60)
    curve = RateCurve(rates, 1 + np.log10(rates / 0.05) ** 2)
    text = page_of(replace(fake_record.record(0, []), rates=curve))
    assert "<h2>Learning rates</h2>" in text
    assert "suggested: 0.0048" in text
    assert "Learning rates" not in page_of(fake_record.record(0, []))
