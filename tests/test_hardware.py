import subprocess
import sys

import pytest

from nsca.composition import compose, config_directory
from nsca.errors import UserError
from nsca.hardware import describe_hardware, may_have, profile_of, require_hardware

PROFILES = sorted(file.stem for file in (config_directory() / "hardware").glob("*.yaml"))


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_named_as_its_file_and_keeps_the_effective_batch(name: str):
    profile = profile_of(compose("train", [f"hardware={name}"]))
    assert profile.name == name
    for effective in (64, 100, 256, 1000):
        micro = profile.micro_batch_for("vision", effective)
        steps = profile.accumulation("vision", effective)
        devices = profile.devices * profile.nodes
        assert (steps - 1) * micro * devices < effective <= steps * micro * devices


def test_a_phase_without_its_own_row_takes_the_default():
    asked = ["hardware.micro_batch.default=5", "hardware.micro_batch.vision=64"]
    profile = profile_of(compose("train", ["hardware=8gb", *asked]))
    assert profile.micro_batch_for("other", 256) == 5
    assert profile.micro_batch_for("vision", 256) == 64
    assert profile.micro_batch_for("vision", 8) == 8


@pytest.mark.parametrize(("name", "kind"), [("a100", "cuda"), ("8gb", "cuda"), ("mps", "mps")])
def test_an_absent_device_is_refused_and_alternatives_named(name: str, kind: str, monkeypatch):
    monkeypatch.setattr("nsca.hardware.may_have", lambda accelerator: accelerator != kind)
    with pytest.raises(UserError) as error:
        require_hardware(profile_of(compose("train", [f"hardware={name}"])))
    assert kind in error.value.cause
    assert "hardware=cpu" in error.value.remedy
    assert "dry_run=true" in error.value.remedy


def test_the_processor_is_always_there():
    assert may_have("cpu")
    require_hardware(profile_of(compose("train", ["hardware=cpu"])))


def test_several_devices_share_a_batch():
    several = ["hardware=cpu", "hardware.devices=3"]
    profile = profile_of(compose("train", several))
    require_hardware(profile)
    assert profile.share(16) == 6
    assert profile.micro_batch_for("vision", 16) == 6
    assert profile.accumulation("vision", 16) == 1
    with pytest.raises(UserError, match=r"effective_batch=2 has no sample for some of 3"):
        profile.micro_batch_for("vision", 2)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["hardware.devices=2", "hardware.strategy=fsdp"], r"fsdp does not share.*auto or ddp"),
        (["hardware.devices=2", "hardware.nodes=2"], r"3 processes were started.*2 x 2"),
    ],
)
def test_what_cannot_share_a_batch_is_refused(overrides: list[str], message: str, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(UserError, match=message):
        require_hardware(profile_of(compose("train", ["hardware=cpu", *overrides])))


def test_a_driver_that_hangs_stops_no_run(monkeypatch):
    def hang(command: list[str], **settings: float) -> None:
        raise subprocess.TimeoutExpired(command, 10)

    monkeypatch.setattr("nsca.hardware.shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("nsca.hardware.subprocess.run", hang)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert "gpu" not in describe_hardware()


def test_the_description_names_cores_and_machine():
    found = describe_hardware()
    assert found["cores"] >= 1
    assert found["machine"]
