"""What a profile says to change."""

from dataclasses import replace

import pytest

from nsca.hardware import HardwareProfile
from nsca.profile_advice import StepCost, recommendations

GPU = HardwareProfile(
    name="8gb",
    accelerator="cuda",
    devices=1,
    nodes=1,
    strategy="auto",
    precision="16-mixed",
    compile=True,
    gradient_checkpointing=False,
    micro_batch={"default": 64, "vision": 32},
    memory_gb=8.0,
)
FINE = StepCost(
    seconds=0.2,
    waiting=0.01,
    busy=0.9,
    peak_gb=6.0,
    parts=1,
    micro_batch=32,
    sparable=True,
    threads=None,
    cores=8,
    half="bf16-mixed",
    operations={"mm": 1.0},
)


def settings(cost: StepCost, hardware: HardwareProfile) -> list[str]:
    return [each.setting for each in recommendations(cost, hardware, "vision")]


def test_where_all_is_well_nothing_is_said():
    assert settings(FINE, GPU) == []


@pytest.mark.parametrize(
    ("cost", "hardware", "said"),
    [
        ({"waiting": 0.2}, {}, "fewer jobs beside it"),
        ({}, {"precision": "32-true"}, "hardware.precision=bf16-mixed"),
        ({"parts": 4, "peak_gb": 1.5}, {}, "hardware.micro_batch.vision=128"),
        ({"peak_gb": 3.0}, {"gradient_checkpointing": True}, "gradient_checkpointing=false"),
        ({"peak_gb": 7.9}, {}, "hardware.gradient_checkpointing=true"),
        ({"peak_gb": 7.9}, {"gradient_checkpointing": True}, "hardware.micro_batch.vision=16"),
        ({"busy": 0.4}, {"compile": False}, "hardware.compile=true"),
        ({"busy": None, "half": None, "threads": 1}, {"accelerator": "cpu"}, "OMP_NUM_THREADS=8"),
        (
            {"peak_gb": 7.9, "micro_batch": 8, "sparable": False},
            {},
            "hardware.micro_batch.vision=4",
        ),
    ],
)
def test_each_rule_speaks_alone(cost, hardware, said):
    (setting,) = settings(replace(FINE, **cost), replace(GPU, **hardware))
    assert said in setting


def test_what_would_not_fit_is_not_recommended():
    assert settings(replace(FINE, parts=4, peak_gb=3.0), GPU) == []


def test_what_nothing_offers_is_not_recommended():
    full = replace(FINE, peak_gb=7.9, sparable=False)
    assert settings(full, GPU) == ["hardware.micro_batch.vision=16"]
    assert settings(full, replace(GPU, gradient_checkpointing=True)) == settings(full, GPU)


def test_what_was_measured_is_the_reason():
    (found,) = recommendations(replace(FINE, waiting=0.25), GPU, "vision")
    assert found.because == "25% of a step of 0.2 s makes its batch and views"


def test_threads_are_advised_where_somebody_held_them_down():
    """torch itself takes physical or fast cores alone, and Apple's GPU computes with none."""
    alone = replace(FINE, busy=None, half=None)
    assert settings(alone, replace(GPU, accelerator="cpu")) == []
    assert settings(replace(alone, threads=1), replace(GPU, accelerator="mps")) == []
