"""A whole pipeline in miniature, from nothing to its page, by the real commands."""

import json
import re
from pathlib import Path

import pytest

from nsca.composition import compose
from nsca.pipelines.pipeline import Pipeline
from nsca.pipelines.progress import Shared
from nsca.pipelines.run import run_pipeline
from nsca.pipelines.step import Step

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SMALL = ["model=nsca_tiny", "effective_batch=16", "trainer.max_steps=4", "checkpoint.every_steps=2"]
BALLOON = ["gate=balloon", "quick=true", "gate.steps=20"]
STATE_ALONE = ["interactions=200", "interactions_per_episode=2", "render=false"]
SOUNDS = ["benchmark=heard_quantities", "benchmark.heard_quantities.fit_sounds=150"]


def miniature() -> Pipeline:
    """A gate, data without pictures, the audio phase and its judgement."""
    return Pipeline(
        {
            "balloon": Step("gate", BALLOON),
            "babbling": Step("babble", STATE_ALONE),
            "audio": Step("train", ["phase=audio", *SMALL], {"data.path": "babbling"}, ["balloon"]),
            "audio_judged": Step("evaluate", SOUNDS, {"run": "audio"}),
        }
    )


def test_from_nothing_to_a_page_and_nothing_twice(capsys):
    shared, cfg = Shared("outputs", ("hardware=cpu",), 0), compose("pipeline", [])
    home = run_pipeline(miniature(), "miniature", shared, cfg, force=True)
    steps = json.loads((home / "steps.json").read_text())
    assert {name: step["state"] for name, step in steps.items()} == dict.fromkeys(
        ["balloon", "babbling", "audio", "audio_judged"], "done"
    )
    assert Path(steps["audio"]["run"], "metrics.csv").is_file()
    page = (home / "report.html").read_text()
    assert "FORCED past gates that have not passed.<br>balloon: only a smoke run" in page
    for title in ("Gate: balloon", "Data: babbling", "Phase: audio"):
        assert f">{title}</h1>" in page
    audio = page.partition(">Phase: audio</h1>")[2]
    assert "<h2>Learning curves" in audio
    assert re.search(r"<th>statistics of the spectrogram</th>", audio)
    capsys.readouterr()
    run_pipeline(miniature(), "miniature", shared, cfg, force=True)
    assert capsys.readouterr().out.count("done before") == 4
