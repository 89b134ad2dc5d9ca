"""What the page says of the runs themselves."""

from dataclasses import replace

import fake_record
from fake_record import page_of


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
