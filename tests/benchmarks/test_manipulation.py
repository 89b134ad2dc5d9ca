"""A run is judged beside its twin, agents without a model and the expert, on the same episodes."""

from pathlib import Path

import fake_run
import numpy as np
import pytest

from nsca.agents import behaviour_cloning
from nsca.benchmarks import manipulation
from nsca.benchmarks.few_shot_arms import BASELINES
from nsca.benchmarks.manipulation import Manipulation, twin, world_of
from nsca.benchmarks.outcomes import FILM
from nsca.data.demonstrating import RecordingSettings, make_demonstration_set
from nsca.errors import UserError
from nsca.evaluation import open_run
from nsca.worlds import gl
from nsca.worlds.metaworld.physics import AlteredPhysics

SEED = 900  # no seed of any experiment


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("manipulation")
    settings = RecordingSettings("push-v3", count=3, seed=100)
    make_demonstration_set(settings, place / "push-v3")
    counts = ["data.count=2", "data.validation=1"]
    return fake_run.write_few_shot_run(place / "push-v3", place / "outputs", 3, *counts)


def benchmark(**changes: object) -> Manipulation:
    settings = {"episodes": 3, "backend": "auto", "gravity": 1.0, "mass": 1.0, "friction": 1.0}
    return Manipulation(**{**settings, "filmed": 0, **changes})


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No agents without a model: they are another test's."""
    monkeypatch.setattr(manipulation, "BASELINES", {})


def test_all_agents_play_the_same_episodes_and_an_untrained_run_is_its_twin(
    run, tmp_path, monkeypatch
):
    monkeypatch.setattr(behaviour_cloning, "training_steps", lambda _: 20)
    judged = open_run(str(run), {"manipulation": benchmark()}, None)
    rows = [row for piece in benchmark().judge(judged, SEED, tmp_path) for row in piece]
    found = {(row.figure, row.agent): row for row in rows}
    assert set(found) == {
        ("model_error_cm", "trained"),
        ("model_error_cm", "untrained"),
        ("model_error_cm", "still"),
        ("success", "trained"),
        ("imagined", "trained"),
        ("success", "untrained"),
        ("imagined", "untrained"),
        ("success", "accept_all"),
        ("imagined", "accept_all"),
        ("success", "expert"),
        *(("success", name) for name in BASELINES),
    }
    for figure in ("success", "imagined", "model_error_cm"):
        assert found[figure, "trained"].value == found[figure, "untrained"].value, "never trained"
    assert found["success", "warped"].value == 1.0, "push is a matter of geometry"
    assert found["success", "expert"].value == 1.0
    assert found["model_error_cm", "still"].value > found["model_error_cm", "trained"].value > 0
    assert {(row.task, row.demonstrations, row.seed) for row in rows} == {("push-v3", 2, SEED)}
    assert {row.samples for row in rows if row.figure == "success"} == {3}
    metrics = benchmark().metrics(rows)
    assert metrics["push-v3/2/success/warped"] == 1.0
    assert not (tmp_path / FILM).exists()


def test_the_twin_has_the_runs_seed_and_no_training(run):
    judged = open_run(str(run), {"manipulation": benchmark()}, None)
    ours, theirs = judged.phase.state_dict(), twin(judged).state_dict()
    assert all(bool((ours[name] == theirs[name]).all()) for name in ours)


@pytest.mark.usefixtures("alone")
def test_two_episodes_are_filmed(run, tmp_path, monkeypatch):
    asked = []

    def filmed(agent, task, seeds, physics):
        asked.append((task, len(seeds), physics.mass))
        return np.zeros((4, 8, 8, 3), np.uint8), [True, True]

    monkeypatch.setattr(manipulation, "film", filmed)
    monkeypatch.setattr(gl, "choose_backend", lambda: gl.GlProbe("egl"))
    judged = open_run(str(run), {"manipulation": benchmark()}, None)
    list(benchmark(episodes=2, filmed=2).judge(judged, SEED, tmp_path))
    assert asked == [("push-v3", 2, 1.0)]
    assert (tmp_path / FILM).read_bytes().startswith(b"GIF8")


@pytest.mark.usefixtures("alone")
def test_without_gl_there_is_a_notice_and_no_film(run, tmp_path, monkeypatch, capsys):
    nothing = gl.GlProbe(None, {"egl": "no device"})
    monkeypatch.setattr(gl, "choose_backend", lambda: nothing)
    monkeypatch.setattr(gl, "probe", lambda: nothing)
    judged = open_run(str(run), {"manipulation": benchmark()}, None)
    list(benchmark(episodes=1, filmed=1).judge(judged, SEED, tmp_path))
    assert "notice: no episodes.gif: no GL backend" in capsys.readouterr().err
    assert not (tmp_path / FILM).exists()


def test_altered_physics_is_named_and_needs_the_reference():
    heavy = AlteredPhysics(1.0, 2.0, 1.0)
    assert world_of("push-v3", "auto", heavy) == "metaworld, mass x 2"
    assert world_of("push-v3", "metaworld", AlteredPhysics()) == "metaworld"
    with pytest.raises(UserError, match="EnvPool cannot alter"):
        world_of("push-v3", "envpool", heavy)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"episodes": 0}, "episodes=0"), ({"filmed": 4}, "filmed=4"), ({"backend": "fast"}, "fast")],
)
def test_impossible_settings_are_refused(changes, said):
    with pytest.raises(UserError, match=said):
        benchmark(**changes)
