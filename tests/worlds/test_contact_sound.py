"""Contact sound: what impulse, size, damping and material do to what is heard."""

from itertools import pairwise

import numpy as np
import pytest

from nsca.worlds import contact_sound
from nsca.worlds.contact_sound import Impact, SoundBody, hertz_duration_s, resonator, synthesise

RATE_HZ = 16_000
N_SAMPLES = 16_000
TABLE = SoundBody(hardness=0.6, damping=0.85, size_m=0.6, mass_kg=20.0, seed=1)
MATERIALS = {  # hardness, damping: means of what a material's instances scatter around
    "metal": (0.92, 0.10),
    "glass": (0.88, 0.35),
    "wood": (0.60, 0.60),
    "plastic": (0.45, 0.75),
    "rubber": (0.20, 0.92),
}


def struck(body: SoundBody, speed_m_s: float = 1.0, seed: int = 0) -> np.ndarray:
    impact = Impact(0.05, body, TABLE, body.mass_kg * speed_m_s)
    return synthesise([impact], N_SAMPLES, RATE_HZ, np.random.default_rng(seed))


def energy(sound: np.ndarray) -> float:
    return float(np.sum(sound.astype(np.float64) ** 2))


def centroid_hz(sound: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    return float(np.fft.rfftfreq(len(sound), 1 / RATE_HZ) @ spectrum / spectrum.sum())


def decay_s(sound: np.ndarray) -> float:
    """Time after the impact until 99 % of the energy is out."""
    power = np.cumsum(sound.astype(np.float64) ** 2)
    return float(np.searchsorted(power, 0.99 * power[-1]) / RATE_HZ - 0.05)


def test_without_impacts_there_is_exact_silence() -> None:
    assert not synthesise([], N_SAMPLES, RATE_HZ, np.random.default_rng(0)).any()
    before = struck(SoundBody(0.9, 0.1, 0.05, 0.1))[: int(0.05 * RATE_HZ)]
    assert not before.any()


def test_an_impact_outside_the_clip_is_not_heard() -> None:
    body = SoundBody(0.9, 0.1, 0.05, 0.1)
    late = [Impact(time_s, body, TABLE, 0.1) for time_s in (-0.01, 1.0, 7.0)]
    assert not synthesise(late, N_SAMPLES, RATE_HZ, np.random.default_rng(0)).any()


@pytest.mark.parametrize(("hardness", "damping"), MATERIALS.values(), ids=MATERIALS)
def test_energy_grows_with_impact_speed(hardness: float, damping: float) -> None:
    body = SoundBody(hardness, damping, 0.06, 0.2, seed=4)
    energies = [energy(struck(body, speed)) for speed in (0.1, 0.3, 1.0, 3.0)]
    assert all(louder > 2 * softer for softer, louder in pairwise(energies))
    assert np.abs(struck(body, 1000.0)).max() <= 1.0


def test_pitch_falls_with_size_and_rises_with_hardness() -> None:
    bodies = [SoundBody(0.7, 0.4, size_m, 1e3 * size_m**3) for size_m in (0.03, 0.06, 0.12)]
    by_size = [resonator(body, RATE_HZ).frequencies_hz[0] for body in bodies]
    assert by_size[0] > 1.8 * by_size[1] > 3.2 * by_size[2]
    bodies = [SoundBody(hardness, 0.4, 0.06, 0.2) for hardness in (0.2, 0.5, 0.9)]
    by_hardness = [centroid_hz(struck(body)) for body in bodies]
    assert by_hardness[0] < by_hardness[1] < by_hardness[2]
    assert centroid_hz(struck(SoundBody(0.7, 0.4, 0.12, 1.5))) < centroid_hz(
        struck(SoundBody(0.7, 0.4, 0.04, 0.06))
    )


def test_damping_shortens_the_sound() -> None:
    dead = SoundBody(hardness=0.6, damping=1.0, size_m=0.6, mass_kg=1e3)
    times = []
    for damping in (0.0, 0.3, 0.6, 0.95):
        impact = Impact(0.05, SoundBody(0.8, damping, 0.06, 0.2), dead, 0.2)
        times.append(decay_s(synthesise([impact], N_SAMPLES, RATE_HZ, np.random.default_rng(0))))
    assert all(longer > 1.3 * shorter for longer, shorter in pairwise(times))


def test_a_longer_contact_takes_away_the_high_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    body = SoundBody(0.8, 0.2, 0.06, 0.2)

    def lasting(duration_s: float) -> np.ndarray:
        monkeypatch.setattr(contact_sound, "hertz_duration_s", lambda *_: duration_s)
        rng = np.random.default_rng(0)
        return synthesise([Impact(0.05, body, TABLE, 0.2)], N_SAMPLES, RATE_HZ, rng)

    dull, bright = lasting(5e-3), lasting(2e-4)
    assert centroid_hz(dull) < 0.8 * centroid_hz(bright)
    soft = SoundBody(0.1, 0.2, 0.06, 0.2)
    assert hertz_duration_s(soft, TABLE, 0.2) > 3 * hertz_duration_s(body, TABLE, 0.2)


def test_breaking_adds_bright_fragments() -> None:
    body = SoundBody(0.85, 0.4, 0.07, 0.2)
    whole, broken = (
        synthesise(
            [Impact(0.05, body, TABLE, 0.2, breaks=breaks)],
            N_SAMPLES,
            RATE_HZ,
            np.random.default_rng(0),
        )
        for breaks in (False, True)
    )
    assert energy(broken) > 1.1 * energy(whole)
    assert centroid_hz(broken) > centroid_hz(whole)


def test_the_same_seed_gives_the_same_bytes_and_the_order_of_impacts_does_not_matter() -> None:
    body = SoundBody(0.9, 0.1, 0.05, 0.1, seed=3)
    impacts = [Impact(time_s, body, TABLE, 0.1) for time_s in (0.1, 0.3, 0.2)]
    first = synthesise(impacts, N_SAMPLES, RATE_HZ, np.random.default_rng(7))
    resonator.cache_clear()
    again = synthesise(impacts[::-1], N_SAMPLES, RATE_HZ, np.random.default_rng(7))
    assert first.tobytes() == again.tobytes()
    other = synthesise(impacts, N_SAMPLES, RATE_HZ, np.random.default_rng(8))
    assert first.tobytes() != other.tobytes()


@pytest.mark.parametrize("impulse_n_s", [-0.1, float("nan"), float("inf")])
def test_an_impossible_impulse_is_refused(impulse_n_s: float) -> None:
    with pytest.raises(ValueError, match="impulse"):
        synthesise([Impact(0.1, TABLE, TABLE, impulse_n_s)], 100, RATE_HZ, np.random.default_rng(0))


@pytest.mark.parametrize(
    "wrong", [(1.2, 0.5, 0.1, 0.1), (0.5, -0.1, 0.1, 0.1), (0.5, 0.5, 0.0, 0.1)]
)
def test_an_impossible_body_is_refused(wrong: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        SoundBody(*wrong)


def log_mels(sound: np.ndarray, bands: int = 24) -> np.ndarray:
    """Log-mel spectrogram in four steps of time, in decibels under its own loudest cell."""
    frames = np.lib.stride_tricks.sliding_window_view(sound[: N_SAMPLES // 2], 512)[
        ::160
    ] * np.hanning(512)
    power = np.abs(np.fft.rfft(frames)) ** 2
    mel = 2595 * np.log10(1 + np.fft.rfftfreq(512, 1 / RATE_HZ) / 700)
    centres = np.linspace(0, mel[-1], bands + 2)
    width = centres[1] - centres[0]
    weights = np.maximum(0.0, 1 - np.abs(mel[:, None] - centres[None, 1:-1]) / width)
    decibel = 10 * np.log10(power @ weights + 1e-9)
    decibel = np.maximum(decibel - decibel.max(), -60.0)
    return np.concatenate([decibel[i : i + 10].mean(0) for i in (4, 14, 24, 34)])


def test_a_linear_probe_on_log_mels_tells_materials_apart_on_held_out_bodies() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    features, labels = [], []
    for index, (hardness, damping) in enumerate(MATERIALS.values()):
        for body_number in range(50):
            size_m = rng.uniform(0.03, 0.09)
            body = SoundBody(
                np.clip(hardness + rng.normal(0, 0.04), 0, 1),
                np.clip(damping + rng.normal(0, 0.04), 0, 1),
                size_m,
                rng.uniform(300, 3000) * size_m**3,
                seed=1000 * index + body_number,
            )
            features.append(log_mels(struck(body, rng.uniform(0.3, 2.0), seed=body_number)))
            labels.append(index)
    held_out = np.arange(len(labels)) % 50 >= 30
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    probe.fit(np.stack(features)[~held_out], np.array(labels)[~held_out])
    accuracy = probe.score(np.stack(features)[held_out], np.array(labels)[held_out])
    assert accuracy > 0.8  # chance is 0.2
