"""Online elastic weight consolidation of a set of parameters, as buffers that are saved with it.

After every task: where the parameters are, and how much the task needs each of them (see
`nsca.losses.ewc`, whose functions these are). Semantic parameters are held harder than the others.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nsca.losses.ewc import Tensors, accumulated, ewc_penalty, scaled_to_mean_one


class Anchors(nn.Module):
    """Anchor and Fisher information, one row over all parameters.

    Args:
        parameters: by name; their order and shapes stay.
        semantic: names of those that are held harder.
        protection: how much harder, at least 1.
        decay: of the Fisher information of earlier tasks, a task; 1 keeps it whole.
    """

    place: Tensor
    fisher: Tensor
    tasks: Tensor

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        semantic: frozenset[str],
        protection: float,
        decay: float,
    ) -> None:
        super().__init__()
        if protection < 1:
            raise ValueError(f"protection must be at least 1, got {protection}")
        self._shapes = {name: tensor.shape for name, tensor in parameters.items()}
        self._protection = {name: protection if name in semantic else 1.0 for name in parameters}
        self._decay = decay
        count = sum(tensor.numel() for tensor in parameters.values())
        self.register_buffer("place", torch.zeros(count))
        self.register_buffer("fisher", torch.zeros(count))
        self.register_buffer("tasks", torch.zeros((), dtype=torch.int64))

    @property
    def set(self) -> bool:
        """Whether a task has been anchored."""
        return bool(self.tasks > 0)

    def anchor(self, parameters: Tensors, fisher: Tensors) -> None:
        """Hold the parameters where they are, the more the larger their Fisher information.

        Raises:
            ValueError: no Fisher information, or not finite.
        """
        scaled = scaled_to_mean_one(fisher).values
        protected = {name: scaled[name] * factor for name, factor in self._protection.items()}
        kept = accumulated(self._named(self.fisher), protected, self._decay)
        self.fisher.copy_(self._row(kept))
        self.place.copy_(self._row(parameters))
        self.tasks += 1

    def penalty(self, parameters: Tensors) -> Float[Tensor, ""]:
        """1/2 sum_i F_i (theta_i - anchor_i)^2."""
        chosen = {name: parameters[name] for name in self._shapes}
        return ewc_penalty(chosen, self._named(self.place), self._named(self.fisher), 1.0)

    def _named(self, row: Float[Tensor, " number"]) -> dict[str, Tensor]:
        parts = row.split([shape.numel() for shape in self._shapes.values()])
        shapes = self._shapes.items()
        return {name: part.view(shape) for (name, shape), part in zip(shapes, parts, strict=True)}

    def _row(self, tensors: Tensors) -> Float[Tensor, " number"]:
        return torch.cat([tensors[name].detach().flatten() for name in self._shapes])
