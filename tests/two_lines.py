"""Two tasks that one small network can learn together: y = x, and with another mark y = -x."""

import torch
from torch import Generator, Tensor, nn

from nsca.continual.method import Method, Samples
from nsca.continual.training import TrainingSettings, learn

SETTINGS = TrainingSettings(steps=300, batch=32, rate=0.005)


class SquaredError:
    """A Gaussian of deviation 1."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return 0.5 * (outputs - targets).square().sum(dim=-1)

    def divergence(self, old: Tensor, new: Tensor) -> Tensor:
        return 0.5 * (old - new).square().sum(dim=-1)

    def natural(self, outputs: Tensor) -> Tensor:
        return outputs

    def draw(self, outputs: Tensor, generator: Generator) -> Tensor:
        return outputs + torch.randn(outputs.shape, generator=generator)


def tasks() -> list[Samples]:
    """y = x beside a mark of 1, y = -x beside a mark of -1, for x in -1..1."""
    x = torch.linspace(-1.0, 1.0, 64)[:, None]
    return [
        Samples(torch.cat([x, torch.full_like(x, mark)], dim=1), mark * x) for mark in (1.0, -1.0)
    ]


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
    )


def error(model: nn.Module, samples: Samples) -> float:
    """Mean squared error."""
    with torch.no_grad():
        return (model(samples.inputs) - samples.targets).square().mean().item()


def play_both(method: Method, settings: TrainingSettings = SETTINGS) -> dict[str, float]:
    """Errors of both tasks: the first before and after the second, the second after it."""
    model, (first, second) = network(), tasks()
    learn(model, first, 0, method, SquaredError(), settings, seed=0)
    before = error(method.model_for(model, 0), first)
    learn(model, second, 1, method, SquaredError(), settings, seed=0)
    return {
        "before": before,
        "after": error(method.model_for(model, 0), first),
        "second": error(method.model_for(model, 1), second),
    }


def no_retraining(steps: int) -> None:
    raise AssertionError(f"nobody asked for {steps} steps")
