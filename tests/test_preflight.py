"""What is refused before the first step."""

from dataclasses import replace
from pathlib import Path

import pytest
from omegaconf import DictConfig

from nsca.assembly import build_phase, plain
from nsca.composition import compose
from nsca.debug import DebugPreset
from nsca.errors import UserError
from nsca.hardware import profile_of
from nsca.preflight import check_before, check_disk


def check(cfg: DictConfig) -> None:
    check_before(cfg, profile_of(cfg), DebugPreset(**plain(cfg.debug)))


@pytest.mark.parametrize("change", ["debug=find_lr", "debug=overfit"])
def test_a_phase_of_stages_is_not_asked_for_one_batch_or_rate(change: str):
    asked = ["phase=memory", "model=nsca_tiny", "parts={}"]
    with pytest.raises(UserError, match="through the stages of phase=memory") as error:
        check(compose("train", [*asked, change]))
    assert "phase=dynamics" in error.value.remedy


def test_a_profile_of_too_few_steps_is_refused():
    with pytest.raises(UserError, match="5 are left to train"):
        check(compose("train", ["phase=vision", "debug=profiler", "trainer.max_steps=5"]))


@pytest.mark.parametrize("phase", ["vision", "fusion", "full"])
def test_pictures_of_another_size_than_the_model_sees_are_refused(phase: str):
    asked = [f"phase={phase}", "model=nsca_tiny", "parts={}", "data.image_size=48"]
    with pytest.raises(UserError, match=r"data\.image_size=48, .* of 64 pixels"):
        check(compose("train", asked))


@pytest.mark.parametrize("change", ["trainer.max_epochs=-1", "+trainer.max_time=00:00:10:00"])
def test_a_training_without_an_end_is_refused(change: str):
    asked = ["phase=vision", "trainer.max_steps=-1", change]
    with pytest.raises(UserError, match="never ends"):
        check(compose("train", asked))
    check(compose("train", [*asked, "debug=find_lr"]))


@pytest.mark.parametrize(
    ("change", "cause"),
    [("effective_batch=2", "effective_batch=2"), ("debug=find_lr", "on one device")],
)
def test_what_several_processes_cannot_do_is_refused(change: str, cause: str):
    cfg = compose("train", ["phase=vision", "model=nsca_tiny", change])
    three = replace(profile_of(cfg), devices=3)
    with pytest.raises(UserError, match=cause):
        check_before(cfg, three, DebugPreset(**plain(cfg.debug)))


def test_a_volume_needs_room_for_the_first_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    phase = build_phase(compose("train", ["phase=vision", "model=nsca_tiny"]))
    check_disk(phase, tmp_path)
    monkeypatch.setattr("nsca.preflight.available_bytes", lambda _: 1000)
    with pytest.raises(UserError, match="has 0 MB free; the checkpoints need"):
        check_disk(phase, tmp_path)
