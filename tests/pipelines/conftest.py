"""A pipeline of every kind of step, whose commands are `fake_verbs.py`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import fake_verbs
import pytest
from fake_pipeline import ran
from omegaconf import DictConfig

from nsca.composition import compose
from nsca.pipelines import child, progress
from nsca.pipelines import run as execution
from nsca.pipelines.pipeline import Pipeline
from nsca.pipelines.progress import Shared
from nsca.pipelines.run import run_pipeline
from nsca.pipelines.step import Step

SHARED = Shared("outputs", ("hardware=cpu",), 0)


def steps() -> dict[str, Step]:
    """A gate, data, two phases behind the gate and a judgement of the first."""
    return {
        "balloon": Step("gate", ["gate=balloon"], minutes=2.0),
        "babbling": Step("babble", ["interactions=24", "render=false"], minutes=1.0),
        "vision": Step(
            "train", ["phase=vision", "model=nsca_tiny"], {"data.path": "babbling"}, ["balloon"]
        ),
        "vision_judged": Step("evaluate", ["benchmark=visible_quantities"], {"run": "vision"}),
        "audio": Step(
            "train", ["phase=audio", "model=nsca_tiny"], {"data.path": "babbling"}, ["balloon"]
        ),
    }


_COMPOSED: dict[tuple[str, tuple[str, ...]], DictConfig] = {}


@pytest.fixture(autouse=True)
def composed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test composes the same few commands, each of which takes a third of a second."""

    def composed(verb: str, overrides: Sequence[str]) -> DictConfig:
        key = verb, tuple(overrides)
        if key not in _COMPOSED:
            _COMPOSED[key] = compose(verb, overrides)
        return _COMPOSED[key]

    monkeypatch.setattr(progress, "compose", composed)


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(steps())


@pytest.fixture
def with_settings():
    """The same pipeline with other settings of some steps."""

    def changed(settings: Mapping[str, list[str]]) -> Pipeline:
        own = steps()
        for name, given in settings.items():
            old = own[name]
            own[name] = Step(old.verb, given, old.needs, old.gates, old.minutes)
        return Pipeline(own)

    return changed


@pytest.fixture
def shared() -> Shared:
    return SHARED


@pytest.fixture
def fake_commands(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the steps' commands are written to, as they begin."""
    monkeypatch.setattr(child, "PYTHON", fake_verbs.SCRIPT)
    return Path("commands.txt")


@pytest.fixture
def banners(monkeypatch) -> list[list[str]]:
    """What the page would say above everything; no page is made."""
    found: list[list[str]] = []

    def write_report(progress, name, home, *, force):
        found.append(execution.banner(progress, force=force))

    monkeypatch.setattr(execution, "write_report", write_report)
    return found


@pytest.fixture
def walk(fake_commands, banners, pipeline, shared):
    """Runs the pipeline; returns the steps whose commands ran."""

    def go(other=None, force: bool = False, at_once: int = 1) -> list[str]:
        fake_commands.write_text("")
        cfg = compose("pipeline", [])
        run_pipeline(other or pipeline, "fake", shared, cfg, force=force, at_once=at_once)
        return ran()

    return go
