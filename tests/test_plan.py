import time

import pytest
import torch
from torch import Tensor

from nsca import plan as plan_module
from nsca.composition import compose, config_directory
from nsca.errors import UserError
from nsca.model_sizes import part_sizes
from nsca.phases.vision.module import VisionPhase
from nsca.plan import make_plan, make_plans, model_lines, print_plan

PHASES = sorted(file.stem for file in (config_directory() / "phase").glob("*.yaml"))
NOWHERE = ["data.path=nowhere"]
TINY = ["model=nsca_tiny", "effective_batch=16", "trainer.max_steps=100"]


def test_a_plan_on_the_processor_is_measured():
    plan = make_plan(compose("train", [*TINY, "hardware=cpu", "hardware.micro_batch.default=4"]))
    assert (plan.steps, plan.effective_batch, plan.micro_batch, plan.accumulation) == (
        100,
        16,
        4,
        4,
    )
    assert set(plan.parameters) == {"encoder", "projector"}
    assert all(count > 1000 for count in plan.parameters.values())
    assert plan.measured
    assert plan.seconds > 0
    assert plan.cost_usd == 0


def test_overhead_is_counted_once_a_micro_batch_and_not_once_a_sample(monkeypatch):
    overhead_s = 0.05

    def embed(self: VisionPhase, batch: object) -> dict[str, Tensor]:
        time.sleep(overhead_s)
        return {"nothing": torch.zeros(len(batch))}

    def losses(self: VisionPhase, embeddings: object, batch: object) -> dict[str, Tensor]:
        zero = sum(p.sum() for p in self.parameters() if p.requires_grad) * 0
        return dict.fromkeys(self.loss_weights, zero)

    monkeypatch.setattr(VisionPhase, "embed", embed)
    monkeypatch.setattr(VisionPhase, "losses", losses)
    settings = ["model=nsca_tiny", "effective_batch=64", "trainer.max_steps=10", "hardware=cpu"]
    whole, halves = (
        make_plan(compose("train", [*settings, f"hardware.micro_batch.default={n}"]))
        for n in (64, 32)
    )
    assert 1 <= whole.seconds / (10 * overhead_s) < 2
    assert 1 <= halves.seconds / (4 * 10 * overhead_s) < 2, "two halves, each embedded twice"


def test_a_plan_shows_the_size_of_every_part_and_of_the_whole(capsys: pytest.CaptureFixture[str]):
    lines = model_lines({"vision": 4_200_000, "audio": 1_000_000})
    assert [line.split() for line in lines][1:] == [
        ["vision", "4.20"],
        ["audio", "1.00"],
        ["in", "all", "5.20"],
    ]
    cfg = compose("train", [*TINY, "hardware=a100"])
    print_plan(cfg)
    shown = capsys.readouterr().out.splitlines()
    assert set(model_lines(part_sizes(cfg.model))) <= set(shown)


def test_a_plan_for_absent_hardware_is_marked_and_costs(capsys: pytest.CaptureFixture[str]):
    print_plan(compose("train", [*TINY, "hardware=a100"]))
    shown = capsys.readouterr().out
    assert "hardware=a100" in shown
    assert shown.count("(planned") == 2
    assert "16 = 1 x 16" in shown


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_can_be_planned_for_absent_hardware(phase: str):
    plan = make_plan(compose("train", [f"phase={phase}", *TINY, *NOWHERE, "hardware=8gb"]))
    assert not plan.measured
    assert plan.seconds > 0


@pytest.mark.parametrize("phase", PHASES)
def test_the_smallest_gpu_holds_the_full_model_with_half_of_its_memory_to_spare(phase: str):
    plan = make_plan(compose("train", [f"phase={phase}", "model=nsca", *NOWHERE, "hardware=8gb"]))
    assert plan.accumulation == 1
    assert plan.memory_gb < 4


def test_several_devices_have_a_share_each(capsys: pytest.CaptureFixture[str]):
    one, two = (
        make_plan(compose("train", [*TINY, "hardware=a100", f"hardware.devices={n}"]))
        for n in (1, 2)
    )
    assert (two.effective_batch, two.micro_batch) == (16, 8)
    assert two.seconds == pytest.approx(one.seconds / 2, rel=0.01)
    assert two.memory_gb < one.memory_gb
    print_plan(compose("train", [*TINY, "hardware=a100x8"]))
    assert "16 = 8 x 1 x 2 (devices x accumulation x micro-batch)" in capsys.readouterr().out


def test_memory_grows_with_the_micro_batch():
    small, large = (
        make_plan(compose("train", [*TINY, "hardware=8gb", f"hardware.micro_batch.vision={n}"]))
        for n in (4, 16)
    )
    assert large.memory_gb > 1.5 * small.memory_gb
    assert small.accumulation == 4
    assert large.accumulation == 1


def test_gradient_checkpointing_saves_memory_and_costs_time():
    kept, recomputed = (
        make_plan(
            compose("train", [*TINY, "hardware=8gb", f"hardware.gradient_checkpointing={on}"])
        )
        for on in ("false", "true")
    )
    assert recomputed.memory_gb < 0.7 * kept.memory_gb
    assert 1.1 * kept.seconds < recomputed.seconds < 1.34 * kept.seconds  # a forward pass at most


def test_gradient_caching_costs_a_second_forward_pass():
    whole, cached = (
        make_plan(compose("train", [*TINY, "hardware=8gb", f"hardware.micro_batch.vision={n}"]))
        for n in (16, 8)
    )
    assert 1.2 * whole.seconds < cached.seconds < 1.6 * whole.seconds


@pytest.mark.parametrize(
    ("override", "steps", "shown"),
    [
        ("trainer.max_steps=100", 100, "steps        100\n"),
        ("trainer.max_epochs=2", 100, "steps        at most 100\n"),
        ("trainer.max_time=00:01:00:00", 100, "steps        at most 100\n"),
        ("early_stopping.patience=3", 100, "steps        at most 100\n"),
        ("debug=fast", 1, "steps        1\n"),
        ("debug=find_lr", 100, "steps        100\n"),
    ],
)
def test_the_steps_of_a_plan_are_those_of_the_run(override: str, steps: int, shown: str, capsys):
    cfg = compose("train", [*TINY, override])
    assert make_plan(cfg).steps == steps
    print_plan(cfg)
    assert shown in capsys.readouterr().out


def test_a_profile_that_was_measured_is_not_marked_as_planned(capsys):
    print_plan(compose("train", [*TINY, "hardware=a100", "hardware.measured=true"]))
    assert "planned" not in capsys.readouterr().out


def test_one_training_on_several_machines_is_counted_once(monkeypatch):
    built: list[str] = []
    build_phase = plan_module.build_phase

    def building(cfg):
        built.append(cfg.hardware.name)
        return build_phase(cfg)

    monkeypatch.setattr(plan_module, "build_phase", building)
    configs = [compose("train", [*TINY, f"hardware={name}"]) for name in ("8gb", "16gb", "a100")]
    together = make_plans(configs)
    assert built == ["8gb"]
    assert together == [make_plan(cfg) for cfg in configs]


def test_what_a_run_would_refuse_is_not_planned():
    with pytest.raises(UserError, match="never ends"):
        print_plan(
            compose("train", ["phase=vision", "trainer.max_steps=-1", "trainer.max_epochs=-1"])
        )
