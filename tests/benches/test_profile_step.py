"""Steps are whole ones, on this processor; of a GPU that is not there nothing is measured."""

from types import SimpleNamespace

import pytest
from torch.autograd import DeviceType

from nsca.benches.profile_step import figures, kernel_seconds

CHECKPOINTING = "hardware.gradient_checkpointing=true"
TINY = ("model=nsca_tiny", "effective_batch=4")


@pytest.mark.parametrize("phase", ["audio", "dynamics"])  # with and without scales to fit
def test_steps_of_a_processor(phase: str):
    found = figures([f"phase={phase}", *TINY, "hardware=cpu", "hardware.micro_batch.default=2"], 1)
    assert found["samples_per_s"] > 0
    assert found["micro_batch"] == 2
    assert 0 < found["planned_gb"] < found["peak_gb"]
    assert "busy" not in found


def test_checkpointing_is_counted_and_an_absent_gpu_is_not_measured(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    asked = ["phase=vision", *TINY, "hardware=8gb"]
    plain, less = (figures([*asked, *more], 1) for more in ([], [CHECKPOINTING]))
    assert plain.keys() == less.keys() == {"planned_gb"}
    assert less["planned_gb"] < plain["planned_gb"]


def test_kernels_are_counted_once():
    kernel = SimpleNamespace(
        device_type=DeviceType.CUDA, self_device_time_total=3e6, is_user_annotation=False
    )
    launch = SimpleNamespace(device_type=DeviceType.CPU, self_device_time_total=3e6)
    span = SimpleNamespace(
        device_type=DeviceType.CUDA, self_device_time_total=3e6, is_user_annotation=True
    )
    assert kernel_seconds([kernel, launch, span, kernel]) == 6
