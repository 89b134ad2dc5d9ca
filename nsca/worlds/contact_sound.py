"""Contact sound by modal synthesis: bodies that ring when something hits them.

In the line of Traer, Cusimano and McDermott ("A perceptually inspired generative model of
rigid-body contact sounds", DAFx 2019): a body is a bank of exponentially decaying modes, an impact
excites them through a pulse whose length low-passes the excitation. What carries what:

- damping (material): loss factor eta, decay rate of a mode alpha = alpha_0 + pi f eta;
- pitch (size and hardness): f_1 = f_hardness * (5 cm / size) * (density / 1 g/cm3)^-0.15;
- brightness (hardness of both partners): the length of the pulse, from Hertz's contact;
- loudness: impulse / mass (the speed change) times size, less for modes too low to radiate from a
  small body; never normalised, softly limited.

Unsure: the laws of pitch and radiation are chosen so that hand-sized bodies sound between 150 Hz
and 8 kHz; a real solid block of that size would ring above hearing. Mode ratios are those of a free
bar, drawn together and jittered by body.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Complex64, Float32, Float64

MODES = 12
REFERENCE_SIZE_M = 0.05
REFERENCE_DENSITY_KG_M3 = 1_000.0
AIR_DECAY_PER_S = 4.0  # alpha_0: what even an ideal body loses to the air and to its support
SILENCE = 10 ** (-50 / 20)  # a mode is cut, and an impact skipped, 50 dB under the loudest
LOWEST_RADIATED_HZ = 300.0  # below it a small body moves the air around itself, not away
OUTPUT_GAIN = 3.0  # a 1 m/s change of speed of a 5 cm body stays under the soft limit
FRAGMENTS = 14
BREAK_SPREAD_S = 0.08


@dataclass(frozen=True)
class SoundBody:
    """What the sound of a body depends on.

    Args:
        hardness: 0 (foam) to 1 (steel, glass); sets the pitch and, with the partner's,
            the brightness.
        damping: 0 (rings like a bell) to 1 (dead like clay); loss factor 0.002 * 150^damping.
        size_m: characteristic extent (edge or diameter), metres.
        mass_kg: mass, kilograms (a table counts with the mass that moves where it is hit).
        seed: draws the body's own mode ratios and strengths; the same body must keep its seed.

    Raises:
        ValueError: a value outside its range.
    """

    hardness: float
    damping: float
    size_m: float
    mass_kg: float
    seed: int = 0

    def __post_init__(self) -> None:
        if not (0.0 <= self.hardness <= 1.0 and 0.0 <= self.damping <= 1.0):
            raise ValueError(f"hardness and damping must lie in [0, 1]: {self}")
        if not (self.size_m > 0.0 and self.mass_kg > 0.0):
            raise ValueError(f"size and mass must be positive: {self}")


@dataclass(frozen=True)
class Impact:
    """One collision between two bodies.

    Args:
        time_s: when it happens, seconds from the start of the sound.
        body_a, body_b: who meets whom; both ring.
        impulse_n_s: integral of the normal force over the contact, newton seconds.
        breaks: body_a breaks: a shower of small bright fragments is added.
    """

    time_s: float
    body_a: SoundBody
    body_b: SoundBody
    impulse_n_s: float
    breaks: bool = False


@dataclass(frozen=True)
class Resonator:
    """The modes of one body; `waves[k]` is the response of mode k to a unit impulse."""

    frequencies_hz: Float64[np.ndarray, " mode"]
    decays_per_s: Float64[np.ndarray, " mode"]
    strengths: Float64[np.ndarray, " mode"]
    radiation: float
    waves: Float32[np.ndarray, "mode sample"]


def hertz_duration_s(body_a: SoundBody, body_b: SoundBody, impulse_n_s: float) -> float:
    """Length of the contact of two bodies, seconds (0.1 ms for steel on stone to 10 ms for foam).

    Hertz: duration = 2.87 (m^2 / (R E^2 v))^(1/5), with the reduced mass m, radius R and stiffness
    E of the pair and v = impulse / m. E runs from 0.1 MPa to 100 GPa with hardness, so the softer
    partner decides.
    """
    mass_kg = body_a.mass_kg * body_b.mass_kg / (body_a.mass_kg + body_b.mass_kg)
    radius_m = 0.5 * min(body_a.size_m, body_b.size_m)
    softness = sum(10.0 ** (-5.0 - 6.0 * body.hardness) for body in (body_a, body_b))
    speed_m_s = max(impulse_n_s / mass_kg, 1e-3)
    duration_s = 2.87 * (mass_kg**2 * softness**2 / (radius_m * speed_m_s)) ** 0.2
    return min(max(duration_s, 1e-4), 1e-2)


@lru_cache(maxsize=48)
def resonator(body: SoundBody, rate_hz: int) -> Resonator:
    """The audible modes of `body`: a pure function of it, kept for the last 48 bodies."""
    rng = np.random.default_rng([body.seed, 0x50_0D])
    order = np.arange(MODES)
    ratios = ((2 * order + 3) / 3.0) ** 2  # a free bar: 1, 2.78, 5.44, ...
    spread = 0.2 * np.exp(rng.normal(0.0, 0.12, MODES))  # a compact body's modes lie closer
    ratios = 1.0 + (ratios - 1.0) * spread
    density = min(max(body.mass_kg / body.size_m**3 / REFERENCE_DENSITY_KG_M3, 0.1), 10.0)
    lowest_hz = 180.0 * 14.0**body.hardness * (REFERENCE_SIZE_M / body.size_m) * density**-0.15
    strengths = (order + 1.0) ** -0.5 * np.exp(rng.normal(0.0, 0.3, MODES))
    phases = rng.uniform(-0.3, 0.3, MODES)
    frequencies = lowest_hz * np.sort(ratios)
    frequencies[0] = min(frequencies[0], 0.4 * rate_hz)  # even a small hard body speaks
    audible = frequencies < 0.48 * rate_hz
    frequencies, strengths, phases = frequencies[audible], strengths[audible], phases[audible]
    loss_factor = 0.002 * 150.0**body.damping
    decays = AIR_DECAY_PER_S + math.pi * frequencies * loss_factor
    strengths = strengths * frequencies**2 / (frequencies**2 + LOWEST_RADIATED_HZ**2)
    longest_s = min(-math.log(SILENCE) / decays.min(), 1.0)
    waves = _decaying_sines(frequencies, decays, phases, max(int(longest_s * rate_hz), 16), rate_hz)
    extent = body.size_m / REFERENCE_SIZE_M
    return Resonator(frequencies, decays, strengths, extent / body.mass_kg * 0.1, waves)


def _decaying_sines(
    frequencies_hz: Float64[np.ndarray, " mode"],
    decays_per_s: Float64[np.ndarray, " mode"],
    phases_rad: Float64[np.ndarray, " mode"],
    n_samples: int,
    rate_hz: int,
) -> Float32[np.ndarray, "mode sample"]:
    """sin(2 pi f t + phase) exp(-alpha t), by doubling: log2(n) products, no exponentials."""
    pole = (-decays_per_s + 2j * math.pi * frequencies_hz) / rate_hz
    wave: Complex64[np.ndarray, "mode sample"] = np.empty(
        (len(frequencies_hz), n_samples), np.complex64
    )
    wave[:, 0] = np.exp(1j * phases_rad)
    done = 1
    while done < n_samples:
        more = min(done, n_samples - done)
        wave[:, done : done + more] = (
            wave[:, :more] * np.exp(pole * done).astype(np.complex64)[:, None]
        )
        done += more
    return np.ascontiguousarray(wave.imag)


def _ring(
    sound: Float32[np.ndarray, " sample"],
    body: SoundBody,
    impact: Impact,
    duration_s: float,
    rate_hz: int,
    rng: np.random.Generator,
) -> None:
    """Adds one body's answer to one impact, in place."""
    modes = resonator(body, rate_hz)
    start = int(impact.time_s * rate_hz)
    pulse = 1.0 / (1.0 + (2.0 * modes.frequencies_hz * duration_s) ** 2)  # of a half-sine
    place = np.exp(rng.normal(0.0, 0.15, MODES))[: len(pulse)]  # where it was hit
    loudness = OUTPUT_GAIN * impact.impulse_n_s * modes.radiation
    gains = (loudness * modes.strengths * pulse * place).astype(np.float32)
    n = min(modes.waves.shape[1], len(sound) - start)
    # einsum without BLAS: the same bytes whatever the number of threads
    sound[start : start + n] += np.einsum("k,kn->n", gains, modes.waves[:, :n])


def _shatter(
    sound: Float32[np.ndarray, " sample"], impact: Impact, rate_hz: int, rng: np.random.Generator
) -> None:
    """Adds the fragments of a breaking body: small bright chimes, dense at first, in place."""
    delays_s = np.sort(rng.exponential(BREAK_SPREAD_S / 3, FRAGMENTS))
    frequencies = resonator(impact.body_a, rate_hz).frequencies_hz[0] * rng.uniform(
        2.0, 6.0, FRAGMENTS
    )
    frequencies = np.minimum(frequencies, 0.45 * rate_hz)
    decays = 60.0 + 0.02 * frequencies * rng.uniform(0.5, 2.0, FRAGMENTS)
    waves = _decaying_sines(
        frequencies, decays, rng.uniform(-1, 1, FRAGMENTS), int(0.05 * rate_hz), rate_hz
    )
    level = OUTPUT_GAIN * impact.impulse_n_s / impact.body_a.mass_kg * 0.1
    gains = level * rng.uniform(0.3, 1.0, FRAGMENTS)
    for delay_s, gain, wave in zip(delays_s, gains, waves, strict=True):
        start = int((impact.time_s + delay_s) * rate_hz)
        n = min(len(wave), len(sound) - start)
        if n > 0:
            sound[start : start + n] += np.float32(gain) * wave[:n]


def synthesise(
    impacts: Sequence[Impact], n_samples: int, rate_hz: int, rng: np.random.Generator
) -> Float32[np.ndarray, " sample"]:
    """The sound of a series of impacts.

    Args:
        impacts: in any order; those outside the clip or 50 dB under the loudest are skipped.
        n_samples: length of the clip.
        rate_hz: sampling rate, hertz.
        rng: the only source of chance (where a body is hit, how it shatters).

    Returns:
        float32 [n_samples] in [-1, 1]: exact zeros without impacts; louder with impulse, softly
        limited by tanh.

    Raises:
        ValueError: a negative or non-finite impulse.
    """
    sound = np.zeros(n_samples, np.float32)
    if any(
        not (math.isfinite(impact.impulse_n_s) and impact.impulse_n_s >= 0.0) for impact in impacts
    ):
        raise ValueError("an impulse must be finite and not negative")
    loudest = max((impact.impulse_n_s for impact in impacts), default=0.0)
    for impact in sorted(impacts, key=lambda impact: impact.time_s):
        inside = 0 <= int(impact.time_s * rate_hz) < n_samples
        if not inside or impact.impulse_n_s <= loudest * SILENCE:
            continue
        duration_s = hertz_duration_s(impact.body_a, impact.body_b, impact.impulse_n_s)
        for body in (impact.body_a, impact.body_b):
            _ring(sound, body, impact, duration_s, rate_hz, rng)
        if impact.breaks:
            _shatter(sound, impact, rate_hz, rng)
    return np.tanh(sound, out=sound)
