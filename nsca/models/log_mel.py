"""Sound as a picture: power spectrogram, mel bands, logarithm; always in single precision.

Frames of 25 ms every 10 ms are what speech models take (Davis and Mermelstein 1980; Radford et al.
2022 use the same with 80 bands); a struck object's decay is longer than that and its onset shorter.
Half precision has no room for powers that differ by eight decades, so autocast is left here.
"""

import math

import torch
from jaxtyping import Float, Int16
from torch import Tensor, nn

RATE_HZ = 16_000
FULL_SCALE = 32768.0  # of 16-bit samples
WINDOW, HOP = 400, 160  # samples: 25 ms and 10 ms
# longer than the window: with 512 the lowest mel bands would fall between two bins and stay empty
N_FFT = 1024
FLOOR = 1e-8  # of power: 80 dB below a full-scale sine, where 16 bits end
HIGHEST_MEL = 2595 * math.log10(1 + RATE_HZ / 2 / 700)
DECIBEL_PER_UNIT = -10 * math.log10(FLOOR) / 2  # of the spectrograms, which run from -1 to 1


class LogMel(nn.Module):
    """Waveforms at 16 kHz to log-mel spectrograms, roughly within -1 and 1.

    Args:
        bands: mel bands from 0 to 8 kHz.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, bands: int = 80) -> None:
        super().__init__()
        self.bands = bands
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)
        self.register_buffer("filters", mel_filters(bands), persistent=False)

    def forward(self, sound: Float[Tensor, "sample time"]) -> Float[Tensor, "sample band frame"]:
        """Spectrograms of sounds in -1..1: time / 160 + 1 frames."""
        return self.logarithm(self.mel(self.power(sound)))

    def power(self, sound: Float[Tensor, "sample time"]) -> Float[Tensor, "sample bin frame"]:
        """Power in 513 bins of 15.6 Hz; a full-scale sine has about a quarter in its bin."""
        with torch.autocast(sound.device.type, enabled=False):
            spectrum = torch.stft(
                sound.float(),
                N_FFT,
                hop_length=HOP,
                win_length=WINDOW,
                window=self.window,
                center=True,
                pad_mode="constant",
                return_complex=True,
            )
            # twice as fast as over pairs of numbers side by side
            squared = spectrum.real.square() + spectrum.imag.square()
            return squared / self.window.sum().square()

    def mel(self, power: Float[Tensor, "sample bin frame"]) -> Float[Tensor, "sample band frame"]:
        """Power in mel bands."""
        with torch.autocast(power.device.type, enabled=False):
            return self.filters @ power.float()

    def mel_of_stored(
        self, stored: Int16[Tensor, "sample time"]
    ) -> Float[Tensor, "sample band frame"]:
        """Power in mel bands of sounds as they are stored, in 16 bits."""
        return self.mel(self.power(stored.float() / FULL_SCALE))

    def of_stored(self, stored: Int16[Tensor, "sample time"]) -> Float[Tensor, "sample band frame"]:
        """Spectrograms of sounds as they are stored, in 16 bits."""
        return self.logarithm(self.mel_of_stored(stored))

    def logarithm(
        self, mel: Float[Tensor, "sample band frame"]
    ) -> Float[Tensor, "sample band frame"]:
        """Mel power between `FLOOR` and 1 in decades, brought to -1..1."""
        with torch.autocast(mel.device.type, enabled=False):
            # in place: an array more for each of the three steps takes a quarter of its time
            return mel.float().clamp(min=FLOOR).log10_().mul_(10 / DECIBEL_PER_UNIT).add_(1)


def mel_filters(bands: int) -> Float[Tensor, "band bin"]:
    """Triangles at equal distances on the mel scale, of height 1, from 0 to 8 kHz.

    Raises:
        ValueError: so many bands that one of them holds no bin.
    """
    corners = hertz_of(torch.linspace(0, HIGHEST_MEL, bands + 2))
    bins = torch.linspace(0, RATE_HZ / 2, N_FFT // 2 + 1)
    low, centre, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    filters = torch.minimum((bins - low) / (centre - low), (high - bins) / (high - centre))
    filters = filters.clamp(min=0)
    if not bool((filters.sum(dim=1) > 0).all()):
        raise ValueError(f"{bands} mel bands are more than {N_FFT // 2 + 1} bins can tell apart")
    return filters


def bands_before(bands: int, pitch: Float[Tensor, " sample"]) -> Float[Tensor, "sample band"]:
    """In which of so many bands lay what each of them holds of a sound that is heard higher.

    Args:
        bands: how many.
        pitch: ratio of frequencies of each sample, higher above 1.

    Returns:
        Places between the bands' numbers; beyond the last one what lay above 8 kHz.
    """
    width = HIGHEST_MEL / (bands + 1)
    centres = hertz_of(width * torch.arange(1, bands + 1, device=pitch.device))
    return mel_of(centres / pitch[:, None]) / width - 1


def mel_of(hertz: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The mel scale: 2595 log10(1 + f / 700) (O'Shaughnessy 1987)."""
    return 2595 * torch.log10(1 + hertz / 700)


def hertz_of(mel: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The frequency at a place of the mel scale."""
    return 700 * (10 ** (mel / 2595) - 1)
