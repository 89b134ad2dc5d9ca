"""Trains small phases that differ in their tensors alone, as one graph.

What a step of a tiny network costs is the number of calls, not their arithmetic; S of them side by
side under `torch.func.vmap` ("Model ensembling" in torch's documentation) need no more calls than
one. Each phase takes the steps that a Trainer of its own would take, up to rounding: stacked
products sum in another order. Rounding grows in a long training (Muon orthogonalises in bfloat16,
and contacts begin or do not): few-shot phases end as far from those that learn alone as these do
from themselves with first weights 1e-7 larger.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.utils import clip_grad_norm_

from nsca.data.batch import Batch
from nsca.phases.optimizer import build_optimizer, build_schedule
from nsca.phases.phase import Phase


def fit_seeds(
    phases: Sequence[Phase],
    batches: Sequence[Iterable[Batch]],
    *,
    steps: int,
    clip: float,
    device: torch.device,
) -> None:
    """Train each phase in place on its own batches, as a Trainer with `max_steps=steps` and
    `gradient_clip_val=clip` would in single precision.

    A step that is not finite in one phase is skipped there and nowhere else. Whatever `micro_batch`
    says, all samples have their graph at once. Nothing is logged, and what a phase writes into its
    own buffers is lost.

    Args:
        phases: alike in class, loss weights, optimiser and whatever else is no parameter and no
            buffer: there the first one speaks for all.
        batches: for each phase at least `steps` of them.
        steps: of the optimiser.
        clip: the longest gradient of a phase.
        device: to train on; in the end the phases are on the CPU.

    Raises:
        ValueError: phases of different settings, batches of different sizes in a step, fewer
            batches than steps.
        UserError: too many steps in a row were skipped in one phase.
    """
    if any(_settings(phase) != _settings(phases[0]) for phase in phases):
        raise ValueError("only phases of the same settings can be trained at once")
    settings = phases[0].optimizer_settings
    modules = [_Loss(phase.to(device)) for phase in phases]
    # what it remembers belongs to one parameter each: it is as good as one optimiser a phase
    own = [group for phase in phases for group in phase.own_rate_groups()]
    optimizer = build_optimizer(nn.ModuleList(modules), settings, own)
    schedule = build_schedule(optimizer, settings, steps)
    each = (islice(source, steps) for source in batches)
    for step, *seen in zip(range(steps), *each, strict=True):
        losses, terms = _backward(modules, seen, device)
        norms = torch.stack([clip_grad_norm_(phase.parameters(), clip) for phase in phases])
        _skip_unless_finite(phases, step, losses, terms, norms)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    for phase in phases:
        phase.to("cpu")


class _Loss(nn.Module):
    """A phase as a function from a batch to its loss and terms, which `functional_call` wants."""

    def __init__(self, phase: Phase) -> None:
        super().__init__()
        self.phase = phase

    def forward(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        return self.phase.weighted_loss(self.phase.embed(batch), batch)


def _settings(phase: Phase) -> tuple[object, ...]:
    return type(phase), phase.optimizer_settings, phase.loss_weights


def _backward(
    modules: Sequence[nn.Module], batches: Sequence[Batch], device: torch.device
) -> tuple[Float[Tensor, " seed"], dict[str, Float[Tensor, " seed"]]]:
    """Give each module's parameters their gradients; returns losses and terms."""
    if len(sizes := {len(batch) for batch in batches}) != 1:
        raise ValueError(f"batches of different sizes cannot be stacked: {sorted(sizes)}")
    rows = [batch.tensors() for batch in batches]
    columns = {name: torch.stack([row[name] for row in rows]).to(device) for name in rows[0]}
    parameters, buffers = stack_module_state(list(modules))

    def loss_of(
        parameters: dict[str, Tensor], buffers: dict[str, Tensor], columns: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        batch = replace(batches[0], **columns)
        return functional_call(modules[0], (parameters, buffers), (batch,))

    losses, terms = vmap(loss_of)(parameters, buffers, columns)
    losses.sum().backward()
    for number, module in enumerate(modules):
        for name, parameter in module.named_parameters():
            if (gradient := parameters[name].grad) is not None:
                parameter.grad = gradient[number]
    return losses.detach(), {name: term.detach() for name, term in terms.items()}


def _skip_unless_finite(
    phases: Sequence[Phase],
    step: int,
    losses: Float[Tensor, " seed"],
    terms: Mapping[str, Float[Tensor, " seed"]],
    norms: Float[Tensor, " seed"],
) -> None:
    """Take their gradients from the phases that must not take this step, and count it there."""
    found = zip(phases, losses.tolist(), norms.tolist(), strict=True)
    for number, (phase, loss, norm) in enumerate(found):
        if math.isfinite(loss) and math.isfinite(norm):
            phase.skipped.step_taken()
            continue
        phase.zero_grad()
        say = partial(print, f"phase {number}:")
        if math.isfinite(loss):
            phase.skipped.count("gradient", {"gradient norm": norm}, step, say)
        else:
            parts = {name: float(term[number]) for name, term in terms.items()}
            phase.skipped.count("loss", parts, step, say)
