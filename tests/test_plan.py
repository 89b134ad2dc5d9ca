import pytest

from nsca.composition import compose
from nsca.plan import make_plan, print_plan

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


def test_a_plan_for_absent_hardware_is_marked_and_costs(capsys: pytest.CaptureFixture[str]):
    print_plan(compose("train", [*TINY, "hardware=a100"]))
    shown = capsys.readouterr().out
    assert "hardware=a100" in shown
    assert shown.count("(planned") == 2
    assert "16 = 1 x 16" in shown


def test_memory_grows_with_the_micro_batch():
    small, large = (
        make_plan(compose("train", [*TINY, "hardware=8gb", f"hardware.micro_batch.vision={n}"]))
        for n in (4, 16)
    )
    assert large.memory_gb > 1.5 * small.memory_gb
    assert small.accumulation == 4
    assert large.accumulation == 1
