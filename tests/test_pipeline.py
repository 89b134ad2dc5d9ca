from pathlib import Path

import pytest

from nsca import pipeline as verb
from nsca.composition import compose
from nsca.errors import UserError
from nsca.pipelines.pipeline import Pipeline
from nsca.pipelines.progress import Shared


@pytest.fixture
def given(monkeypatch) -> dict:
    """What the executor got from the verb."""
    seen: dict = {}

    def run_pipeline(steps, name, shared, cfg, *, force, at_once):
        seen.update(steps=steps, name=name, shared=shared, force=force, at_once=at_once)
        return Path(shared.outputs) / "pipeline" / name

    monkeypatch.setattr("nsca.pipelines.run.run_pipeline", run_pipeline)
    return seen


def test_the_verb_hands_its_configuration_to_the_executor(given):
    asked = ["pipeline=demo", "force=true", "hardware=8gb", "seed=3", "outputs=there"]
    asked += ["steps_at_once=2"]
    assert verb.pipeline(compose("pipeline", asked)) == Path("there/pipeline/demo")
    assert isinstance(given["steps"], Pipeline)
    assert given["name"] == "demo"
    assert given["shared"] == Shared("there", ("hardware=8gb",), 3)
    assert given["force"] is True
    assert given["at_once"] == 2
    verb.pipeline(compose("pipeline", []))
    assert given["name"] == "nsca"
    assert given["force"] is False
    assert given["at_once"] == 1


def test_a_dry_run_prints_and_runs_nothing(given, monkeypatch):
    printed = []
    monkeypatch.setattr(
        "nsca.pipelines.planning.print_pipeline", lambda _, name: printed.append(name)
    )
    assert verb.pipeline(compose("pipeline", ["dry_run=true"])) is None
    assert printed == ["nsca"]
    assert given == {}
    assert list(Path(".").iterdir()) == []


@pytest.mark.parametrize(
    ("override", "near"),
    [("forse=true", "force"), ("pipeline=demmo", "demo"), ("hardware=a10", "a100")],
)
def test_a_misspelt_word_is_refused_with_the_right_one(override: str, near: str):
    with pytest.raises(UserError) as refusal:
        compose("pipeline", [override])
    assert near in refusal.value.remedy


@pytest.mark.parametrize("wrong", ["0", "two", "1.5"])
def test_at_least_one_step_at_once(wrong: str):
    with pytest.raises(UserError, match=f"steps_at_once={wrong} is impossible"):
        compose("pipeline", [f"steps_at_once={wrong}"])


def test_force_is_true_or_false():
    with pytest.raises(UserError, match="must be true or false"):
        compose("pipeline", ["force=perhaps"])
