"""Sounds to look at and to play."""

import numpy as np
from jaxtyping import Float32, Int16, UInt8

from nsca.data.media_loading import RATE_HZ

BANDS = 48
LOWEST_HZ, HIGHEST_HZ = 60.0, 7600.0
FLOOR_DB = -70.0


def at_one_level(samples: Int16[np.ndarray, " sample"]) -> Int16[np.ndarray, " sample"]:
    """The sound made as loud as others: as recorded a soft touch is inaudible beside a blow."""
    loudest = float(np.abs(samples.astype(np.float32)).max() / 32768)
    gain = min(0.8 / loudest, 30.0) if loudest > 0 else 1.0
    return (samples.astype(np.float32) * gain).clip(-32767, 32767).astype(np.int16)


def spectrogram_picture(
    samples: Int16[np.ndarray, " sample"], width: int, height: int
) -> UInt8[np.ndarray, "height width 3"]:
    """Power over time (left to right, the whole sound) and log frequency (60 Hz to 7.6 kHz,
    upward).

    Colour is decibels below the sound's own maximum, down to -70 dB.
    """
    from matplotlib import colormaps

    power = band_power(samples.astype(np.float32) / 32768)
    decibel = 10 * np.log10(np.maximum(power, 1e-12))
    level = ((decibel - decibel.max()) / -FLOOR_DB + 1).clip(0, 1)
    if power.max() < 1e-10:
        level[:] = 0  # silence has no maximum to compare with
    rows = (np.arange(height)[::-1] * level.shape[0]) // height
    columns = (np.arange(width) * level.shape[1]) // width
    colours = colormaps["magma"](level[rows][:, columns])
    return (colours[..., :3] * 255).round().astype(np.uint8)


def band_power(
    samples: Float32[np.ndarray, " sample"], window: int = 512, hop: int = 128
) -> Float32[np.ndarray, "band time"]:
    """Mean power in logarithmic frequency bands, low to high, per hop (Hann window)."""
    padded = np.pad(samples, (window // 2, window // 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    spectrum = np.abs(np.fft.rfft(windows * np.hanning(window), axis=1)) ** 2
    frequencies = np.fft.rfftfreq(window, 1 / RATE_HZ)
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1)
    centres = np.sqrt(edges[:-1] * edges[1:])
    bands = []
    for low, high, centre in zip(edges[:-1], edges[1:], centres, strict=True):
        inside = (frequencies >= low) & (frequencies < high)
        if not inside.any():  # low bands are narrower than the resolution: take the nearest line
            inside = np.zeros_like(inside)
            inside[np.abs(frequencies - centre).argmin()] = True
        bands.append(spectrum[:, inside].mean(1))
    return np.stack(bands).astype(np.float32)
