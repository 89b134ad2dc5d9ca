"""What online probes are shown of moments, and what the parts of the full phase make of them."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from nsca.data.moments import Moments
from nsca.data.packing import pack
from nsca.models.fusion import Fusion
from nsca.models.sense_names import SENSES
from nsca.models.senses import Senses

FeaturesOf = tuple[Float[Tensor, "row feature"], Int[Tensor, " row"]]
"""And which of the moments that were shown they are of."""
ENCODED = ("vision", "audio")


@dataclass(frozen=True)
class ShownMoments:
    """Some moments of a split.

    Attributes:
        moments: all of the split.
        numbers: which of them.
    """

    moments: Moments
    numbers: Int[np.ndarray, " row"]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: Int[np.ndarray, " chosen"]) -> "ShownMoments":
        return ShownMoments(self.moments, self.numbers[rows])


def features_of(shown: ShownMoments, senses: Senses, encoder: Fusion) -> dict[str, FeaturesOf]:
    """Return features of pictures and of sounds, where they are there, and the state that is fused
    from all senses (`fusion`), where any is.
    """
    packed = pack(shown.moments, senses, shown.numbers)
    there = torch.from_numpy(shown.moments.there()[shown.numbers])
    parts = senses.parts(packed)
    found = {}
    for sense in ENCODED:
        rows = there[:, SENSES.index(sense)].nonzero()[:, 0]
        if len(rows):
            found[sense] = parts[sense][rows], rows
    rows = there.any(dim=1).nonzero()[:, 0]
    listened = torch.cat([senses.scaled(packed), there.float()], dim=1)
    found["fusion"] = encoder.embed_stored(listened[rows]), rows
    return found
