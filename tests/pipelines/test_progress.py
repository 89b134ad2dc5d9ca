import hashlib
import json
import shutil
from pathlib import Path

import pytest
from fake_run import write_pictures

from nsca.composition import compose
from nsca.errors import UserError
from nsca.gates.verdict import Kind, Verdict
from nsca.pipelines.journal import Journal, State, StepRecord
from nsca.pipelines.pipeline import Pipeline
from nsca.pipelines.progress import Progress, Shared, hardware_overrides
from nsca.pipelines.step import Step
from nsca.run_card import config_fingerprint


def ended(progress: Progress, name: str, run: Path) -> None:
    """A finished run of the step as it would be given now."""
    run.mkdir(parents=True)
    card = {"status": "finished", "data_fingerprint": f"data of {name}"}
    (run / "run.json").write_text(json.dumps(card))
    identity = progress.identity(name, progress.command(name))
    progress.has_finished(name, StepRecord(State.DONE, identity, str(run)))


def after_restart(progress: Progress, pipeline=None, shared=None) -> Progress:
    """What the same command, or another, finds."""
    journal = Journal(progress.journal.path.parent)
    return Progress(pipeline or progress.pipeline, shared or progress.shared, journal)


@pytest.fixture
def progress(pipeline, shared) -> Progress:
    """Data and vision are done."""
    found = Progress(pipeline, shared, Journal(Path(".")))
    ended(found, "babbling", Path("outputs/data/1"))
    ended(found, "vision", Path("outputs/train/vision/1"))
    return found


def test_needs_are_filled_with_run_directories_and_the_rest_is_shared(progress):
    vision, judged = progress.command("vision"), progress.command("vision_judged")
    assert vision.config.data.path == "outputs/data/1"
    assert vision.config.resume == "auto"
    assert vision.config.hardware.name == "cpu"
    assert progress.command("vision", ["hardware=8gb"]).config.hardware.name == "8gb"
    assert judged.config.run == "outputs/train/vision/1"
    assert progress.command("balloon").overrides == ("outputs=outputs", "gate=balloon")


def test_a_run_that_is_not_there_yet_stands_by_its_name(pipeline, shared):
    command = Progress(pipeline, shared, Journal(Path("."))).command("vision_judged")
    assert command.config.run == "<vision>"


def test_a_profile_goes_with_what_was_changed_of_it():
    assert hardware_overrides(compose("pipeline", ["hardware=8gb"])) == ("hardware=8gb",)
    asked = ["hardware=8gb", "hardware.micro_batch.vision=7", "hardware.cost_per_hour=0.5"]
    given = hardware_overrides(compose("pipeline", asked))
    assert sorted(given) == sorted(asked)
    assert compose("train", list(given)).hardware.micro_batch.vision == 7


def test_a_place_may_have_any_name(pipeline):
    place = "it's a, [place] = {new} $1"
    command = Progress(pipeline, Shared(place, ("hardware=cpu",), 3), Journal(Path("."))).command(
        "babbling"
    )
    assert command.config.outputs == place
    assert command.config.path.startswith(f"{place}/data/babbling-")
    assert command.config.seed == 3


def test_other_settings_of_data_are_another_folder(progress, with_settings, shared):
    def path(settings: list[str]) -> str:
        return (
            after_restart(progress, with_settings({"babbling": settings}))
            .command("babbling")
            .config.path
        )

    assert path(["interactions=24"]) == path(["interactions=24", "workers=1"])
    assert path(["interactions=24"]) != path(["interactions=25"])
    assert path(["path=mine"]) == "mine"


def test_done_is_what_finished_with_the_same_command(progress, with_settings):
    again = after_restart(progress)
    assert [name for name in again.pipeline.steps if again.is_done(name)] == ["babbling", "vision"]
    steps = ["phase=vision", "model=nsca_tiny", "trainer.max_steps=3"]
    changed = after_restart(progress, with_settings({"vision": steps}))
    assert changed.is_done("babbling")
    assert not changed.is_done("vision")
    on_a_card = after_restart(progress, shared=Shared("outputs", ("hardware=8gb",), 0))
    assert on_a_card.is_done("vision"), "hardware decides how, not what"


def test_what_needs_something_undone_or_lost_is_not_done(progress, with_settings):
    assert not after_restart(progress, shared=Shared("outputs", ("hardware=cpu",), 1)).is_done(
        "vision"
    )
    fresh = with_settings({"babbling": ["interactions=25"]})
    assert not after_restart(progress, fresh).is_done("vision")
    shutil.rmtree("outputs/data/1")
    assert not after_restart(progress).is_done("vision")


def test_other_data_in_the_same_folder_is_noticed(progress):
    card = {"status": "finished", "data_fingerprint": "other"}
    Path("outputs/data/1/run.json").write_text(json.dumps(card))
    again = after_restart(progress)
    assert again.is_done("babbling")
    assert not again.is_done("vision")


def test_a_run_that_did_not_finish_is_not_done(progress):
    Path("outputs/train/vision/1/run.json").write_text(json.dumps({"status": "interrupted"}))
    assert not after_restart(progress).is_done("vision")


@pytest.mark.parametrize(
    ("kind", "said"),
    [(Kind.PASS, None), (Kind.NO_EFFECT, "no effect"), (Kind.SMOKE, "only a smoke run")],
)
def test_a_gate_holds_up_what_stands_behind_it_until_it_passes(progress, kind, said):
    assert progress.unpassed("vision") == {"balloon": "no verdict"}
    again = after_restart(progress)
    ended(again, "balloon", Path("outputs/gate/1"))
    Verdict(kind, "it is", {}).write(Path("outputs/gate/1/verdict.json"))
    assert again.unpassed("vision") == ({"balloon": said} if said else {})
    assert again.unpassed("babbling") == {}


def test_other_code_of_a_gate_is_another_gate(progress, monkeypatch):
    first = progress.identity("balloon", progress.command("balloon"))
    monkeypatch.setattr("nsca.gates.run.code_fingerprint", lambda _: "new")
    assert progress.identity("balloon", progress.command("balloon")) != first


def test_other_code_of_an_evaluation_is_another_evaluation_and_of_a_training_is_not(
    progress, monkeypatch
):
    ended(progress, "vision_judged", Path("outputs/evaluate/1"))
    again = after_restart(progress)
    assert again.is_done("vision_judged")
    hashed = []
    monkeypatch.setattr(
        "nsca.pipelines.progress.code_fingerprint", lambda modules: hashed.append(modules) or "new"
    )
    changed = after_restart(progress)
    assert changed.is_done("vision")
    assert not changed.is_done("vision_judged")
    assert {"nsca.evaluation", "nsca.benchmarks.visible_quantities"} <= set(hashed[0])


def test_the_code_of_the_judged_run_belongs_to_an_evaluation(progress, monkeypatch):
    run = Path("outputs/train/vision/1")
    (run / "config.yaml").write_text("phase: {_target_: nsca.phases.toy.module.Toy}\n")
    hashed = []
    monkeypatch.setattr(
        "nsca.pipelines.progress.code_fingerprint", lambda modules: hashed.append(modules) or "new"
    )
    progress.identity("vision_judged", progress.command("vision_judged"))
    assert "nsca.phases.toy.module" in hashed[0]


def test_given_data_that_changed_is_trained_and_judged_again(shared):
    photos = write_pictures(Path("photos"), 2, 1)
    data = ["phase=vision", "model=nsca_tiny", "data=image_folder", f"data.path={photos}"]
    judged = Step("evaluate", ["benchmark=visible_quantities"], {"run": "vision"})
    steps = {"vision": Step("train", data), "judged": judged}
    progress = Progress(Pipeline(steps), shared, Journal(Path(".")))
    ended(progress, "vision", Path("outputs/train/vision/1"))
    ended(progress, "judged", Path("outputs/evaluate/1"))
    assert after_restart(progress).is_done("judged")
    changed = sorted((photos / "train").rglob("*.png"))[0]
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1  # of equal length
    changed.write_bytes(content)
    again = after_restart(progress)
    assert not again.is_done("vision")
    assert not again.is_done("judged")
    shutil.rmtree(photos)
    assert not after_restart(progress).is_done("vision"), "its own command says what is wrong"


def test_a_training_on_data_of_a_step_is_what_it_was_in_old_journals(progress):
    config = progress.command("vision").config
    content = ["train", config_fingerprint(config), {"data.path": "data of babbling"}]
    old = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    assert progress.journal.records["vision"].identity == old


def test_settings_that_a_verb_does_not_take_are_named(progress, with_settings):
    wrong = after_restart(progress, with_settings({"vision": ["trainer.max_stepz=3"]}))
    with pytest.raises(UserError, match="max_stepz"):
        wrong.command("vision")
