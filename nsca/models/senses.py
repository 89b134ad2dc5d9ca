"""Vision, hearing and the body's own sense side by side: encoders and their features' scale.

What they give is packed into one row a moment, so that everything above them handles one tensor and
a mask, whatever is missing.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float, Int16, Shaped, UInt8
from torch import Tensor, nn

from nsca.models.audio_encoder import AudioEncoder
from nsca.models.sense_names import SENSES
from nsca.models.standardise import Standardise
from nsca.models.vision_encoder import VisionEncoder


class Senses(nn.Module):
    """Encoders, frozen unless a phase thaws them, and the scale of what they give.

    Args:
        vision: of pictures.
        audio: of sounds.
        proprioception: numbers of a reading of body and touch; those are taken as they are.
    """

    def __init__(self, *, vision: VisionEncoder, audio: AudioEncoder, proprioception: int) -> None:
        super().__init__()
        self.vision = vision
        self.audio = audio
        self.widths = {
            "vision": vision.n_out,
            "audio": audio.n_out,
            "proprioception": proprioception,
        }
        self._scales = [Standardise(n) for n in self.widths.values()]
        self.scales = nn.ModuleList(self._scales)
        self.requires_grad_(False)

    @property
    def width(self) -> int:
        """Of a packed row."""
        return sum(self.widths.values())

    def embed_stored(
        self, sense: str, stored: Shaped[Tensor, "row ..."]
    ) -> Float[Tensor, "row feature"]:
        """Return the features of one sense, not yet scaled, on the CPU.

        Args:
            sense: its name.
            stored: rows as its encoder takes them (see `SenseEncoder`); readings as they are.
        """
        if sense == "proprioception":
            return stored.float()
        encoder = self.vision if sense == "vision" else self.audio
        return encoder.embed_stored(stored)

    def forward(
        self,
        pictures: UInt8[Tensor, "row height width 3"] | None,
        heard: Int16[Tensor, "row time"] | None,
        body: Float[Tensor, "row reading"] | None,
        rows: int,
    ) -> Float[Tensor, "row packed"]:
        """Return packed, scaled rows with a graph, for training of the encoders.

        Args:
            pictures, heard, body: as they are stored; None where nothing was recorded, and what is
                packed then means nothing.
            rows: how many.
        """
        found = {
            "vision": self.vision.see(pictures) if pictures is not None else None,
            "audio": self.audio.hear(heard) if heard is not None else None,
            "proprioception": body,
        }
        device = next(self.parameters()).device
        parts = [
            torch.zeros(rows, self.widths[sense], device=device) if part is None else part
            for sense, part in found.items()
        ]
        return self.scaled(torch.cat(parts, dim=1))

    def fit(self, packed: Float[Tensor, "row width"], there: Bool[Tensor, "row sense"]) -> None:
        """Take the scales from rows of the training part, each sense from where it is there."""
        for place, part in enumerate(self.parts(packed).values()):
            self._scales[place].fit(part[there[:, place]])

    @property
    def fitted(self) -> bool:
        """Whether the scales are known."""
        return all(bool(scale.fitted) for scale in self._scales)

    def parts(self, packed: Float[Tensor, "row width"]) -> Mapping[str, Float[Tensor, "row part"]]:
        """Return the columns of each sense."""
        return dict(zip(SENSES, packed.split(list(self.widths.values()), dim=1), strict=True))

    def scaled(self, packed: Float[Tensor, "row width"]) -> Float[Tensor, "row width"]:
        """Return packed rows at mean 0 and standard deviation 1 of each feature."""
        parts = self.parts(packed).values()
        scales = zip(self._scales, parts, strict=True)
        return torch.cat([scale(part) for scale, part in scales], dim=1)
