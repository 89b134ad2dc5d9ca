"""`dry_run=true`: what a training command would do, without doing it and on any machine.

Memory is counted (parameters, the optimiser's moments, activations that autograd keeps for one
micro-batch). Time is measured where the profile is this machine's processor, on batches large
enough that what does not grow with the samples is little, or whole micro-batches. Otherwise it is
planned from counted operations and the profile's sustained rate: planned figures are marked. What
several devices tell each other is not counted.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from nsca.assembly import build_phase, checkpoint_gradients, phase_name, plain
from nsca.debug import FINDER_STEPS, DebugPreset
from nsca.hardware import HardwareProfile, profile_of
from nsca.model_sizes import part_sizes
from nsca.phases.phase import Phase
from nsca.preflight import check_before

EXAMPLE_SAMPLES = 8
LEAST_REPEATS, MOST_REPEATS = 2, 5  # of one measurement, after one to warm up
ENOUGH_S = 1.0  # of all repeats; and of one step, so that more samples would not say more


@dataclass(frozen=True)
class Plan:
    """What a run would take.

    Args:
        steps: optimiser steps; None where only epochs are set.
        may_end_sooner: whether epochs or a time limit may end the run before those steps.
        effective_batch: samples an optimiser step.
        micro_batch: samples with a graph in memory at once.
        accumulation: micro-batches a step and device.
        parameters: by part of the phase.
        memory_gb: on one device.
        seconds: of the whole run; None without a number of steps.
        measured: whether seconds come from this machine.
        cost_usd: at the profile's price.
    """

    steps: int | None
    may_end_sooner: bool
    effective_batch: int
    micro_batch: int
    accumulation: int
    parameters: dict[str, int]
    memory_gb: float
    seconds: float | None
    measured: bool
    cost_usd: float | None


def print_plan(cfg: DictConfig) -> None:
    """Print the plan of a training command, and how large the whole model is; no run directory is
    made.

    Raises:
        UserError: settings that contradict each other.
    """
    profile = profile_of(cfg)
    check_before(cfg, profile, DebugPreset(**plain(cfg.debug)))
    plan = make_plan(cfg)
    print("\n".join(plan_lines(plan, profile, phase_name(cfg))))
    print("\n".join(model_lines(part_sizes(cfg.model))))


def make_plan(cfg: DictConfig) -> Plan:
    """Return what the configured run would take, from a phase with fresh weights."""
    return make_plans([cfg])[0]


def make_plans(configs: Sequence[DictConfig]) -> list[Plan]:
    """Plan one training on several machines; what it computes is counted once.

    Args:
        configs: of one phase, alike but for `hardware`.
    """
    counted: dict[tuple[bool, int], _Counted] = {}
    plans = []
    for cfg in configs:
        profile, name = profile_of(cfg), phase_name(cfg)
        samples = min(EXAMPLE_SAMPLES, profile.micro_batch_for(name, int(cfg.effective_batch)))
        key = (profile.gradient_checkpointing, samples)
        phase = None
        if key not in counted:
            phase = _phase(cfg, profile)
            counted[key] = _count(phase, samples)
        if profile.accelerator == "cpu":
            cost = _measured_seconds(phase or _phase(cfg, profile))
        else:
            cost = counted[key].planned_seconds(profile)
        plans.append(_plan(cfg, profile, counted[key], cost))
    return plans


def _phase(cfg: DictConfig, profile: HardwareProfile) -> Phase:
    phase = build_phase(cfg)
    checkpoint_gradients(phase, profile)
    return phase


def _plan(
    cfg: DictConfig, profile: HardwareProfile, counted: "_Counted", cost: tuple[float, float]
) -> Plan:
    """Of a machine, from what a sample's embedding and its whole step cost there in seconds."""
    name, effective = phase_name(cfg), int(cfg.effective_batch)
    steps, may_end_sooner = _length(cfg)
    micro_batch = profile.micro_batch_for(name, effective)
    accumulation = profile.accumulation(name, effective)
    measured = profile.accelerator == "cpu"
    forward, step = cost
    per_sample = forward + step if accumulation > 1 else step  # gradient caching embeds twice
    # processes on one processor share its cores: they are not faster than one
    share = effective / (profile.nodes if measured else profile.processes)
    seconds = steps * share * per_sample if steps > 0 else None
    hours = seconds / 3600 if seconds is not None else None
    return Plan(
        steps=steps if steps > 0 else None,
        may_end_sooner=may_end_sooner,
        effective_batch=effective,
        micro_batch=micro_batch,
        accumulation=accumulation,
        parameters=counted.parameters,
        memory_gb=counted.memory_bytes(micro_batch) / 1e9,
        seconds=seconds,
        measured=measured,
        cost_usd=hours * profile.cost_per_hour * profile.nodes if hours is not None else None,
    )


def plan_lines(plan: Plan, profile: HardwareProfile, phase: str) -> Iterator[str]:
    """Yield the plan as text, one fact a line."""
    mark = "" if plan.measured or profile.measured else "  (planned, not measured)"
    most = "at most " if plan.may_end_sooner else ""
    devices = profile.processes
    yield f"plan: phase={phase} hardware={profile.name} ({profile.precision}, {devices} device(s))"
    yield f"  steps        {f'{most}{plan.steps}' if plan.steps else 'until trainer.max_epochs'}"
    yield (
        f"  batch        {plan.effective_batch} = {f'{devices} x ' if devices > 1 else ''}"
        f"{plan.accumulation} x {plan.micro_batch} "
        f"({'devices x ' if devices > 1 else ''}accumulation x micro-batch)"
    )
    for name, count in plan.parameters.items():
        yield f"  parameters   {count:>12,}  {name}"
    yield f"  parameters   {sum(plan.parameters.values()):>12,}  in all"
    memory = f"  memory       {plan.memory_gb:.2f} GB of {profile.memory_gb:g} GB"
    over = plan.memory_gb > profile.memory_gb
    yield memory + ("  TOO MUCH: set a smaller hardware.micro_batch" if over else "")
    if plan.seconds is not None:
        yield f"  time         {most}{duration(plan.seconds)}{mark}"
    if plan.cost_usd is not None:
        price = "" if profile.cost_per_hour == 0 or profile.measured else "  (planned)"
        yield f"  cost         {most}{plan.cost_usd:.2f} USD{price}"


def model_lines(sizes: Mapping[str, int]) -> Iterator[str]:
    """Yield the parameters of each part that a trained model keeps, in millions, and their sum."""
    yield "model, all parts that it keeps after training (millions of parameters)"
    for name, count in {**sizes, "in all": sum(sizes.values())}.items():
        yield f"  {name:<12} {count / 1e6:6.2f}"


def _length(cfg: DictConfig) -> tuple[int, bool]:
    """Optimiser steps (-1 for no limit), and whether something else may end the run before."""
    if cfg.trainer.get("fast_dev_run"):
        return int(cfg.trainer.fast_dev_run), False
    if DebugPreset(**plain(cfg.debug)).find_lr:
        return FINDER_STEPS, False
    epochs = cfg.trainer.get("max_epochs") or -1
    ends = (cfg.trainer.get("max_time"), cfg.early_stopping.patience)
    return int(cfg.trainer.max_steps), epochs > 0 or any(end is not None for end in ends)


def duration(seconds: float) -> str:
    """In the unit that suits it, as text."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True)
class _Counted:
    """What a phase computes and keeps, on any machine.

    Attributes:
        parameters: by part of the phase.
        weight_bytes: of all of them.
        forward_flops: of embedding one sample without gradient.
        step_flops: of one sample's whole step; what checkpointing computes again is among them.
        kept_bytes: that autograd keeps of one sample.
    """

    parameters: dict[str, int]
    weight_bytes: int
    forward_flops: float
    step_flops: float
    kept_bytes: float

    def memory_bytes(self, micro_batch: int) -> float:
        """Weights, gradients, at most two moments, and what autograd keeps of one micro-batch."""
        return 4 * self.weight_bytes + self.kept_bytes * micro_batch

    def planned_seconds(self, profile: HardwareProfile) -> tuple[float, float]:
        """Of embedding a sample and of its whole step, at the profile's sustained rate."""
        rate = profile.sustained_tflops * 1e12
        return self.forward_flops / rate, self.step_flops / rate


def memory_bytes(phase: Phase) -> float:
    """Counted, in fp32, for the phase's micro-batch; without what the device's libraries take."""
    counted = _count(phase, min(EXAMPLE_SAMPLES, phase.micro_batch))
    return counted.memory_bytes(phase.micro_batch)


def _count(phase: Phase, samples: int) -> _Counted:
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    batch = phase.example_batch(samples)
    # The counter follows modules by their gradients, and the operations are the same with them.
    with FlopCounterMode(display=False) as forward:
        phase.embed(batch)
    with FlopCounterMode(display=False) as step:
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            loss = _step(phase, batch)
        loss.backward()
    phase.zero_grad()
    own = {p.untyped_storage().data_ptr() for p in (*phase.parameters(), *phase.buffers())}
    return _Counted(
        parameters={name: n for name, part in phase.named_children() if (n := _size(part))},
        weight_bytes=sum(p.numel() * p.element_size() for p in phase.parameters()),
        forward_flops=forward.get_total_flops() / samples,
        step_flops=step.get_total_flops() / samples,
        kept_bytes=sum(size for key, size in kept.items() if key not in own) / samples,
    )


def _size(part: nn.Module) -> int:
    return sum(parameter.numel() for parameter in part.parameters())


def _step(phase: Phase, batch: Any) -> Tensor:
    loss, _ = phase.weighted_loss(phase.embed(batch), batch)
    return loss


def _measured_seconds(phase: Phase) -> tuple[float, float]:
    """Seconds a sample of embedding without gradient, and of a whole step, on this machine.

    A batch that takes long says what a larger one takes: what does not grow with it is little then.
    """
    samples = min(EXAMPLE_SAMPLES, phase.micro_batch)
    while True:
        batch = phase.example_batch(samples)
        step = _fastest(lambda batch=batch: _step(phase, batch).backward())
        phase.zero_grad()
        if samples == phase.micro_batch or step >= ENOUGH_S:
            break
        samples = min(2 * samples, phase.micro_batch)
    with torch.no_grad():
        forward = _fastest(lambda: phase.embed(batch))
    return forward / samples, step / samples


def _fastest(action: Callable[[], Any]) -> float:
    """The least of a few: other programs only ever add to it."""
    action()
    taken: list[float] = []
    while len(taken) < LEAST_REPEATS or (len(taken) < MOST_REPEATS and sum(taken) < ENOUGH_S):
        began = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began)
    return min(taken)
