"""PackNet (Mallya and Lazebnik 2018): every task gets weights of its own and keeps them.

After a task the smallest of the weights that it could move are set to zero, layer by layer, and
freed for what comes; the rest is trained again without them and never moves after that. A task is
played with its own weights and those of earlier ones: the task must be known at test time. As in
Continual World the number of tasks is known beforehand and each gets an equal share. Biases are not
pruned; they are fixed after the first task.
"""

import copy
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn

from nsca.continual.method import Method, Samples

FREE = -1


class PackNet(Method):
    """Prune, retrain, freeze.

    Args:
        tasks: how many there will be.
        retrain_steps: after pruning.

    Raises:
        ValueError: fewer than one task.
    """

    knows_task: ClassVar[bool] = True

    def __init__(self, tasks: int, retrain_steps: int) -> None:
        if tasks < 1:
            raise ValueError(f"{tasks} tasks")
        self.tasks = tasks
        self.retrain_steps = retrain_steps
        self._owner: dict[str, Tensor] = {}
        self._movable: dict[str, Tensor] = {}

    def begin(self, model: nn.Module, samples: Samples, task: int) -> Samples:
        """What no earlier task owns may move."""
        parameters = dict(model.named_parameters())
        if not self._owner:
            self._owner = {
                name: torch.full(p.shape, FREE, dtype=torch.long) for name, p in parameters.items()
            }
        self._task = task
        self._movable = {name: owner == FREE for name, owner in self._owner.items()}
        return samples

    def after_backward(self, model: nn.Module) -> None:
        """What may not move has no gradient; an optimiser made anew for every task leaves it."""
        for name, parameter in model.named_parameters():
            if parameter.grad is not None:
                parameter.grad.mul_(self._movable[name])

    def finish(self, model: nn.Module, samples: Samples, retrain: Callable[[int], None]) -> None:
        """Prune 1 - 1 / (tasks left, with this one) of the movable weights; retrain the rest."""
        left = self.tasks - self._task
        for name, parameter in model.named_parameters():
            kept = self._movable[name]
            if parameter.dim() > 1 and left > 1:
                kept = _largest(parameter.detach(), kept, 1 / left)
                with torch.no_grad():
                    parameter[self._movable[name] & ~kept] = 0.0
            self._movable[name] = kept
        if left > 1:
            retrain(self.retrain_steps)
        for name, kept in self._movable.items():
            self._owner[name][kept] = self._task

    def model_for(self, model: nn.Module, task: int) -> nn.Module:
        """A copy without the weights of later tasks."""
        masked = copy.deepcopy(model)
        with torch.no_grad():
            for name, parameter in masked.named_parameters():
                owner = self._owner.get(name)
                if owner is not None:
                    parameter[(owner > task) | (owner == FREE)] = 0.0
        return masked

    def figures(self) -> dict[str, float]:
        """`free_share`: of all parameters, those that no task owns."""
        every = torch.cat([owner.flatten() for owner in self._owner.values()])
        return {"free_share": float((every == FREE).float().mean())}


def _largest(values: Tensor, among: Tensor, share: float) -> Tensor:
    """The mask of the largest `share` by magnitude of those in `among`."""
    count = round(share * int(among.sum()))
    magnitude = torch.where(among, values.abs(), torch.full_like(values, -1.0)).flatten()
    mask = torch.zeros_like(magnitude, dtype=torch.bool)
    mask[magnitude.argsort(descending=True, stable=True)[:count]] = True
    return mask.view_as(values)
