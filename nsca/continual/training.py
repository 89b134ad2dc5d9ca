"""Plain supervised training of one task under a method, on the CPU, from seeds alone."""

from dataclasses import dataclass

import torch
from torch import Generator, nn

from nsca.continual.likelihood import Likelihood
from nsca.continual.method import Method, Samples

FINAL_RATE = 0.01  # of the first one, where the cosine ends


@dataclass(frozen=True)
class TrainingSettings:
    """Adam, made anew for every task, with a cosine decay of the rate.

    Attributes:
        steps: of each task.
        batch: samples a step, drawn with replacement.
        rate: learning rate at the start.

    Raises:
        ValueError: one of them out of range.
    """

    steps: int
    batch: int = 128
    rate: float = 1e-3

    def __post_init__(self) -> None:
        if min(self.steps, self.batch) < 1 or self.rate <= 0:
            raise ValueError(f"{self}: steps, batch and rate must be above 0")


def learn(
    model: nn.Module,
    samples: Samples,
    task: int,
    method: Method,
    likelihood: Likelihood,
    settings: TrainingSettings,
    seed: int,
) -> None:
    """Learn one task after the others; changes the model in place.

    Args:
        model: in the state in which the task before left it.
        samples: of this task.
        task: 0, 1, ..., in order.
        method: the same instance for all tasks of a sequence.
        likelihood: what the model's outputs mean.
        settings: of the optimiser.
        seed: of the batches: with one seed and as many samples, all methods draw the same ones.
    """
    chosen = method.begin(model, samples, task)
    draws = Generator().manual_seed(1_000_003 * task + seed)

    def fit(steps: int) -> None:
        optimizer = torch.optim.Adam(model.parameters(), lr=settings.rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            optimizer, steps, settings.rate * FINAL_RATE
        )
        for _ in range(steps):
            rows = torch.randint(len(chosen), (settings.batch,), generator=draws)
            batch = chosen[rows]
            outputs = model(batch.inputs)
            loss = likelihood.loss(outputs, batch.targets).mean()
            extra = method.extra_loss(model)
            optimizer.zero_grad()
            (loss if extra is None else loss + extra).backward()
            method.after_backward(model)
            optimizer.step()
            method.observe(batch, outputs.detach())
            schedule.step()

    fit(method.steps(task, settings.steps))
    method.finish(model, chosen, fit)
