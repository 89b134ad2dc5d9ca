"""DER++ (Buzzega et al. 2020): replay of samples with the outputs they had while being learned.

    alpha |h(x') - z'|^2 + beta loss(h(x''), y'')

x', x'' are two draws from a reservoir over the stream of batches; z' is what the network answered
when x' passed by, so the outputs of a whole training are kept and not only those of its end.
Differences from the paper: a task is replayed from the next one on (within a task it would only
weigh its own samples anew), so that the first task ends alike for all methods; outputs are compared
in natural units, see `Likelihood.natural`.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from nsca.continual.likelihood import Likelihood
from nsca.continual.method import Method, Samples


class DarkReplay(Method):
    """DER++.

    Args:
        likelihood: what the model's outputs mean.
        memory: samples in the reservoir.
        alpha: weight of the mean squared distance of outputs.
        beta: weight of the loss on the stored targets.
        batch: of the memory, a step, for each of the two terms.
        seed: of the reservoir and the draws.
    """

    def __init__(
        self,
        likelihood: Likelihood,
        memory: int,
        alpha: float,
        beta: float,
        batch: int,
        seed: int = 0,
    ) -> None:
        self._likelihood = likelihood
        self.memory = memory
        self.alpha = alpha
        self.beta = beta
        self.batch = batch
        self._generator = Generator().manual_seed(seed)
        self._stored: list[tuple[Tensor, Tensor, Tensor]] = []
        self._seen = 0
        self._replayed: tuple[Tensor, Tensor, Tensor] | None = None

    def observe(self, batch: Samples, outputs: Float[Tensor, "b o"]) -> None:
        """Reservoir sampling (Vitter 1985): every sample of the stream is kept as likely."""
        last = torch.arange(self._seen, self._seen + len(batch))
        places = (torch.rand(len(batch), generator=self._generator) * (last + 1)).long()
        self._seen += len(batch)
        for row in (places < self.memory).nonzero().flatten().tolist():
            kept = (batch.inputs[row], batch.targets[row], outputs[row])
            place = int(places[row])
            if len(self._stored) < self.memory:
                self._stored.append(kept)
            else:
                self._stored[place] = kept

    def extra_loss(self, model: nn.Module) -> Tensor | None:
        """Both terms, on what was stored before this task began."""
        if self._replayed is None:
            return None
        inputs, targets, outputs = self._replayed
        first, second = torch.randint(len(inputs), (2, self.batch), generator=self._generator)
        answered = model(torch.cat([inputs[first], inputs[second]]))
        likelihood = self._likelihood
        distance = likelihood.natural(answered[: self.batch]) - likelihood.natural(outputs[first])
        loss = likelihood.loss(answered[self.batch :], targets[second]).mean()
        return self.alpha * distance.square().mean() + self.beta * loss

    def finish(self, model: nn.Module, samples: Samples, retrain: Callable[[int], None]) -> None:
        """From now on what is stored is replayed."""
        inputs, targets, outputs = zip(*self._stored, strict=True)
        self._replayed = torch.stack(inputs), torch.stack(targets), torch.stack(outputs)
