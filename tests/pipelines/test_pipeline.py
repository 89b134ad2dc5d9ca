from pathlib import Path

import pytest
import yaml

from nsca.assembly import build
from nsca.composition import compose
from nsca.errors import UserError
from nsca.pipelines.journal import Journal
from nsca.pipelines.pipeline import Pipeline
from nsca.pipelines.progress import Progress
from nsca.pipelines.step import Step


def gate(*after: str) -> Step:
    return Step("gate", ["gate=balloon"], gates=after)


def test_steps_run_in_the_order_of_the_file_as_far_as_they_can():
    pipeline = Pipeline({"a": gate("c"), "b": gate(), "c": gate(), "d": gate("a")})
    assert pipeline.order() == ["b", "c", "a", "d"]


def test_followers_are_all_that_wait_for_a_step():
    pipeline = Pipeline({"a": gate("c"), "b": gate(), "c": gate(), "d": gate("a", "b")})
    assert pipeline.followers("c") == {"a", "d"}
    assert pipeline.followers("d") == set()


def test_steps_that_need_each_other_are_named():
    with pytest.raises(UserError) as refusal:
        Pipeline({"a": gate(), "b": gate("a", "d"), "c": gate("b"), "d": gate("c")})
    assert refusal.value.cause == "steps need each other: b -> d -> c -> b"


@pytest.mark.parametrize(
    ("step", "cause", "remedy"),
    [
        (Step("train", [], {"data.path": "bablbing"}), "no such step", "'babbling'"),
        (Step("train", [], {"data.path": "vision"}), "not a data set", "babbling"),
        (Step("train", [], {"parts.vision": "babbling"}), "not a trained run", "vision"),
        (Step("evaluate", [], {"run": "babbling"}), "not a trained run", "vision"),
        (Step("train", [], {}, ["babbling"]), "a data set, not a verdict", "balloon"),
        (Step("train", [], {}, ["baloon"]), "no such step", "'balloon'"),
    ],
)
def test_a_need_that_nobody_meets_is_refused(step: Step, cause: str, remedy: str):
    others = {
        "balloon": Step("gate", ["gate=balloon"]),
        "babbling": Step("babble", []),
        "vision": Step("train", ["phase=vision"]),
    }
    with pytest.raises(UserError) as refusal:
        Pipeline({**others, "new": step})
    assert cause in refusal.value.cause
    assert remedy in refusal.value.remedy


def test_a_misspelt_name_of_a_step_in_a_file_is_refused_with_the_right_one():
    config = compose("pipeline", ["pipeline=demo", "+pipeline.steps.lethalty.settings=[]"])
    with pytest.raises(UserError, match="lethalty has no _target_") as refusal:
        build(config.pipeline)
    assert "'lethality'" in refusal.value.remedy


def choices(project: Path) -> list[str]:
    return sorted(path.stem for path in (project / "conf/pipeline").glob("*.yaml"))


def test_every_pipeline_is_a_graph_whose_commands_compose(project, shared, tmp_path):
    names = choices(project)
    assert {"demo", "nsca"} <= set(names)
    for name in names:
        pipeline = build(compose("pipeline", [f"pipeline={name}"]).pipeline)
        progress = Progress(pipeline, shared, Journal(tmp_path))
        commands = [progress.command(step) for step in pipeline.steps]
        assert len(commands) >= 8


def test_every_phase_stands_behind_gates_and_is_judged(project):
    for name in choices(project):
        steps = build(compose("pipeline", [f"pipeline={name}"]).pipeline).steps
        phases = {each for each, step in steps.items() if step.verb == "train"}
        judged = {step.needs["run"] for step in steps.values() if step.verb == "evaluate"}
        assert phases
        assert judged == phases
        assert all(steps[each].gates for each in phases)


def test_the_demo_is_the_whole_pipeline_in_small(project):
    small = yaml.safe_load((project / "conf/pipeline/demo.yaml").read_text())["steps"]
    demo, whole = (compose("pipeline", [f"pipeline={n}"]).pipeline.steps for n in ("demo", "nsca"))
    assert list(demo) == list(whole)
    assert set(small) == set(whole), "a step of the demo has the sizes of the whole pipeline"
