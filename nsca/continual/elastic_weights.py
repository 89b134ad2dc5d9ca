"""EWC as a method: `nsca.losses.ewc` after every task, in its online form."""

from collections.abc import Callable

from torch import Generator, Tensor, nn
from torch.func import functional_call

from nsca.continual.likelihood import Likelihood
from nsca.continual.method import Method, Samples
from nsca.losses.ewc import (
    Tensors,
    accumulated,
    diagonal_fisher,
    ewc_penalty,
    scaled_to_mean_one,
)


class ElasticWeights(Method):
    """1/2 strength sum F (theta - anchor)^2, F with mean 1 a task.

    Args:
        likelihood: what the model's outputs mean. Labels for F are drawn from it, one a sample: the
            Fisher information itself, which does not fade as the training error does.
        strength: of the penalty.
        decay: of the Fisher information of earlier tasks, a task.
        seed: of the drawn labels.
    """

    def __init__(
        self, likelihood: Likelihood, strength: float = 1000.0, decay: float = 1.0, seed: int = 0
    ) -> None:
        self._likelihood = likelihood
        self.strength = strength
        self.decay = decay
        self._generator = Generator().manual_seed(seed)
        self._fisher: Tensors = {}
        self._anchor: Tensors = {}
        self._figures: dict[str, float] = {}

    def extra_loss(self, model: nn.Module) -> Tensor | None:
        """The penalty; None during the first task."""
        if not self._fisher:
            return None
        parameters = dict(model.named_parameters())
        return ewc_penalty(parameters, self._anchor, self._fisher, self.strength)

    def finish(self, model: nn.Module, samples: Samples, retrain: Callable[[int], None]) -> None:
        """Measure the Fisher information of all samples, and anchor the parameters here."""
        penalty = self.extra_loss(model)
        if penalty is not None:
            self._figures["ewc_penalty"] = float(penalty.detach())
        drawn = self._likelihood.draw(model(samples.inputs).detach(), self._generator)

        def loss(parameters: Tensors, inputs: Tensor, target: Tensor) -> Tensor:
            return self._likelihood.loss(functional_call(model, dict(parameters), inputs), target)

        parameters = dict(model.named_parameters())
        scaled = scaled_to_mean_one(diagonal_fisher(loss, parameters, (samples.inputs, drawn)))
        old = self._fisher
        self._fisher = accumulated(old, scaled.values, self.decay) if old else scaled.values
        self._anchor = {name: tensor.detach().clone() for name, tensor in parameters.items()}
        self._figures.setdefault("fisher_scale", scaled.scale)

    def figures(self) -> dict[str, float]:
        """`fisher_scale`: the mean before scaling, of the first task; `ewc_penalty`: at the end of
        the newest.
        """
        return self._figures
