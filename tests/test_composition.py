from pathlib import Path

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from omegaconf.errors import ReadonlyConfigError

from nsca import composition
from nsca.composition import compose, config_directory, reach
from nsca.errors import UserError


@pytest.mark.parametrize(
    ("override", "named", "suggested"),
    [
        ("phase=visoin", "phase=visoin", "vision"),
        ("hardware=a1000", "hardware=a1000", "a100"),
        ("modle=nsca_tiny", "modle", "model"),
        ("hardware.micro_bathc=3", "hardware.micro_bathc", "micro_batch"),
        ("hardware.micro_batch.visoin=3", "visoin", "vision"),
        ("hardware.micro_batch.driving_dynamics=3", "driving_dynamics", "dynamics"),
        ("trainer.max_stps=3", "trainer.max_stps", "max_steps"),
        ("phase.optimizer.lerning_rate=1", "lerning_rate", "learning_rate"),
        ("phase.loss_weights.nt_xnet=1", "nt_xnet", "nt_xent"),
        ("+phase.temprature=1", "temprature", "temperature"),
        ("++model.vision.chanels=[1]", "chanels", "channels"),
        ("sed=1", "sed", "seed"),
        ("+sed=1", "sed", "seed"),
        ("phase._target_=nsca.phases.vision.module.VisonPhase", "VisonPhase", "VisionPhase"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_right_one(override: str, named: str, suggested: str):
    with pytest.raises(UserError) as error:
        compose("train", [override])
    assert named in error.value.cause
    assert suggested in error.value.remedy
    assert "\n" not in error.value.cause + error.value.remedy


def test_a_group_of_another_verb_is_no_answer_to_itself():
    with pytest.raises(UserError, match=r"nsca\.gate has nothing called 'hardware'") as error:
        compose("gate", ["gate=balloon", "hardware=cpu"])
    assert "did you mean" not in error.value.remedy
    assert "nsca.gate --help" in error.value.remedy


@pytest.mark.parametrize(
    ("verb", "listed"),
    [
        ("gate", {"gate"}),
        ("study", {"study"}),
        ("pipeline", {"pipeline", "hardware"}),
        ("train", {"phase", "model", "prior", "imagination"}),
    ],
)
def test_help_lists_the_groups_of_its_verb(verb: str, listed: set[str]):
    with initialize_config_dir(str(config_directory()), version_base="1.3"):
        root = hydra_compose(verb, return_hydra_config=True)
    groups = {folder.name for folder in config_directory().iterdir() if folder.is_dir()}
    found = {line.split(":")[0] for line in root.hydra.help.template.splitlines() if ": " in line}
    assert listed <= found
    if verb != "train":
        assert found & groups == listed


def test_a_group_of_another_verb_is_not_offered():
    with pytest.raises(UserError) as error:
        compose("babble", ["data.interactions=60"])
    assert "interactions, " in error.value.remedy
    assert "hardware" not in error.value.remedy
    assert "did you mean" not in error.value.remedy


def test_a_key_that_does_not_fit_its_grammar_is_one_line():
    with pytest.raises(UserError) as error:
        compose("train", ["seed=["])
    assert "\n" not in error.value.cause


def test_a_composition_is_resolved_and_read_only():
    config = compose("train", ["effective_batch=32"])
    assert config.data_module.effective_batch == 32
    assert config.name == "vision-nsca"
    with pytest.raises(ReadonlyConfigError):
        config.seed = 3


def test_presets_override_the_root_and_the_command_line_overrides_presets():
    assert compose("train", ["debug=overfit"]).trainer.overfit_batches == 1
    chosen = compose("train", ["debug=overfit", "trainer.max_steps=7"])
    assert (chosen.trainer.max_steps, chosen.trainer.overfit_batches) == (7, 1)


def test_every_argument_of_the_trainer_can_be_reached_without_a_plus():
    assert reach("trainer.max_time=1") == "++trainer.max_time=1"
    assert reach("trainer.max_tme=1") == "trainer.max_tme=1"
    assert reach("data.path=trainer.max_time=1") == "data.path=trainer.max_time=1"


def test_the_file_of_a_misspelt_key_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import shutil

    copy = tmp_path / "conf"
    shutil.copytree(config_directory(), copy)
    file = copy / "hardware" / "cpu.yaml"
    file.write_text(file.read_text().replace("precision:", "precison:"))
    monkeypatch.setattr(composition, "config_directory", lambda: copy)
    with pytest.raises(UserError, match=r"conf/hardware/cpu\.yaml line \d+"):
        compose("train", [])
    file.write_text("name: [unclosed")
    with pytest.raises(UserError, match="not valid YAML"):
        compose("train", [])


def test_what_follows_from_other_settings_is_worked_out():
    asked = ["model.fusion.n_latent=7", "model.dynamics.n_felt=5", "model.next_senses.n_action=2"]
    assert compose("train", asked).model.temporal.n_in == 14
    with pytest.raises(UserError, match=r"'model.temporal.n_in' cannot be worked out .* 'str'"):
        compose("train", ["model.dynamics.n_felt=many"])
