"""What the encoders of all senses have in common."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float, Shaped
from torch import Tensor


@runtime_checkable
class SenseEncoder(Protocol):
    """An encoder that can be asked for features of data as it is stored."""

    def embed_stored(
        self, stored: Shaped[Tensor, "row ..."], chunk: int = 32
    ) -> Float[Tensor, "row feature"]:
        """Return features of stored rows, without augmentation and without a graph, on the CPU.

        Args:
            stored: as `nsca.data.source` holds them, through `torch.from_numpy`.
            chunk: rows embedded at once.
        """
        ...
