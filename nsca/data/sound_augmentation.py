"""Sound augmentations in batches, on the device: time shift, time stretch, pitch shift, loudness,
background.

Shift and stretch resample the spectrogram in time, pitch resamples its bands: what a phase vocoder
does to magnitudes, without the phases, which a log-mel forgets anyway, and without the samples, so
that spectrograms are made once and not at every step. Parameters of every sample are a pure
function of (seed, step, view), drawn on the CPU; only the hiss itself is drawn where the sound
lies, so that devices of another kind hear another one.

Ranges are milder than for speech or music: how high and how long a struck thing rings is what it is
made of, and a view that changes both by half would teach not to hear it.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from nsca.models.log_mel import HOP, RATE_HZ, LogMel, bands_before

SOUND_STREAM = 5  # of random numbers; pictures have their own
FRAMES_PER_S = RATE_HZ / HOP
APART = 16  # frames from where one sample hears the hiss to where the next one does


@dataclass(frozen=True)
class SoundAugmentation:
    """Ranges that the parameters are drawn from.

    Attributes:
        shift_s: earlier or later by up to so many seconds; what leaves is lost, silence enters.
        stretch: the largest ratio of durations, at least 1; drawn log-uniformly around 1.
        pitch: the largest ratio of frequencies, at least 1; drawn log-uniformly around 1.
        loudness_db: louder or softer by up to so much.
        background_db: quietest and loudest level of another sound of the batch, mixed in, relative
            to the sound itself.
        hiss_db: the same of white noise.
    """

    shift_s: float = 0.2
    stretch: float = 1.1
    pitch: float = 1.06
    loudness_db: float = 6.0
    background_db: tuple[float, float] = (-40.0, -15.0)
    hiss_db: tuple[float, float] = (-50.0, -20.0)

    def __post_init__(self) -> None:
        if min(self.shift_s, self.loudness_db) < 0 or min(self.stretch, self.pitch) < 1:
            raise ValueError(f"shifts are at least 0, ratios at least 1: {self}")
        for low, high in (self.background_db, self.hiss_db):
            if low > high:
                raise ValueError(f"levels run from low to high: {self}")


@dataclass(frozen=True)
class SoundParameters:
    """What is done to each sample of a batch.

    Attributes:
        shift: in frames of 10 ms, later is positive.
        stretch, pitch: ratios.
        gain: of power.
        background, hiss: mel power relative to the sound's.
        mate: the sample that is heard in the background.
        seed: of the hiss.
    """

    shift: Float[Tensor, " batch"]
    stretch: Float[Tensor, " batch"]
    pitch: Float[Tensor, " batch"]
    gain: Float[Tensor, " batch"]
    background: Float[Tensor, " batch"]
    hiss: Float[Tensor, " batch"]
    mate: Int[Tensor, " batch"]
    seed: int


def draw_sound_parameters(
    settings: SoundAugmentation, *, seed: int, step: int, view: int, samples: int
) -> SoundParameters:
    """Return the parameters of a batch: the same for the same arguments, on any machine."""
    rng = np.random.default_rng([seed, SOUND_STREAM, step, view])
    draw = torch.from_numpy(rng.random((6, samples), dtype=np.float32))
    around = 2 * draw - 1

    def level(range_db: tuple[float, float], share: Tensor) -> Tensor:
        return 10 ** ((range_db[0] + (range_db[1] - range_db[0]) * share) / 10)

    return SoundParameters(
        shift=settings.shift_s * FRAMES_PER_S * around[0],
        stretch=settings.stretch ** around[1],
        pitch=settings.pitch ** around[2],
        gain=10 ** (settings.loudness_db * around[3] / 10),
        background=level(settings.background_db, draw[4]),
        hiss=level(settings.hiss_db, draw[5]),
        mate=torch.from_numpy(rng.permutation(samples)),
        seed=int(rng.integers(2**31)),
    )


def augment_sound(
    mel: Float[Tensor, "batch band frame"], front: LogMel, parameters: SoundParameters
) -> Float[Tensor, "batch band frame"]:
    """Return mel power of one view of each sound, on its device.

    Args:
        mel: power of the sounds as they are.
        front: that made it.
        parameters: of the view.
    """
    device = mel.device
    loudness = mel.mean(dim=(1, 2))
    mate, gain = parameters.mate.to(device), parameters.gain.to(device)
    # as loud as asked for, however loud the other sound is; silence stays silent
    louder = parameters.background.to(device) * loudness / loudness[mate].clamp(min=1e-12)
    hiss = parameters.hiss.to(device) * loudness
    view = _moved(mel, parameters) * gain[:, None, None]
    view.addcmul_(mel[mate], (gain * louder)[:, None, None])
    return view.addcmul_(_hiss(front, mel, parameters.seed), (gain * hiss)[:, None, None])


def _moved(
    mel: Float[Tensor, "batch band frame"], parameters: SoundParameters
) -> Float[Tensor, "batch band frame"]:
    """Frame (t - shift) / stretch of the band where each band lay before it was heard higher, both
    interpolated; nothing is heard before the first frame, after the last, and from above 8 kHz.
    """
    samples, bands, frames = mel.shape
    shift, stretch, pitch = (
        each.to(mel.device) for each in (parameters.shift, parameters.stretch, parameters.pitch)
    )
    time = (torch.arange(frames, device=mel.device) - shift[:, None]) / stretch[:, None]
    places = mel.new_empty(samples, bands, frames, 2)
    # from the first to the last, grid_sample counts from -1 to 1
    places[..., 0] = (time * (2 / max(1, frames - 1)) - 1)[:, None]
    places[..., 1] = (bands_before(bands, pitch) * (2 / (bands - 1)) - 1)[:, :, None]
    return functional.grid_sample(mel[:, None], places, align_corners=True)[:, 0]


def _hiss(
    front: LogMel, mel: Float[Tensor, "batch band frame"], seed: int
) -> Float[Tensor, "batch band frame"]:
    """White noise of mean power 1: of a bin it is exponential, of a band nearly gamma distributed.

    A gamma variate of mean 1 and shape k is about (1 - 1 / 9k + z / 3 sqrt(k))^3 with a normal z
    (Wilson and Hilferty 1931); k follows from the band's filter. All samples hear one long hiss,
    each from a moment of its own: a number for each of them would take longer than all the rest.
    """
    samples, bands, frames = mel.shape
    white = front.filters.sum(dim=1)
    shape = (white.square() / front.filters.square().sum(dim=1))[:, None]
    generator = torch.Generator(mel.device).manual_seed(seed)
    z = mel.new_empty(bands, frames + APART * (samples - 1)).normal_(generator=generator)
    noise = (1 - 1 / (9 * shape) + z / (3 * shape.sqrt())).clamp(min=0) ** 3
    noise *= (white / white.mean())[:, None]
    return noise.unfold(1, frames, APART).transpose(0, 1)
