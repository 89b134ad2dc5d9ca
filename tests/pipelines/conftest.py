"""A pipeline of every kind of step, whose commands are `fake_verbs.py`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import fake_verbs
import pytest
from omegaconf import DictConfig

from nsca.composition import compose
from nsca.pipelines import child, progress
from nsca.pipelines.pipeline import Pipeline
from nsca.pipelines.progress import Shared
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
