"""Sections of an audio run: what it heard, what its features still say, what it finds alike.

Where data or weights are gone the section says so instead of leaving a hole.
"""

import numpy as np
import torch
from jaxtyping import Float, Int16, UInt8

import nsca
from nsca.benchmarks.encoders import audio_encoder, frozen, sound_source, untrained_encoder
from nsca.benchmarks.nearest import nearest_rows
from nsca.data.media_loading import RATE_HZ
from nsca.errors import UserError
from nsca.evaluation import source_of
from nsca.models.log_mel import DECIBEL_PER_UNIT
from nsca.phases.audio.module import AudioPhase
from nsca.phases.phase import Phase
from nsca.reporting import page
from nsca.reporting.neighbours import neighbour_section, not_shown
from nsca.reporting.pictures import png, wav
from nsca.reporting.run_record import RunRecord
from nsca.reporting.spectrogram import at_one_level, spectrogram_picture

SHOWN_SOUNDS = 8
DECODED_SOUNDS = 6
QUERIES = 6
PIXELS_PER_FRAME = 8  # of the decoder, which has few


def data_section(run: RunRecord, seed: int) -> str:
    """Some of the louder training sounds, to hear and to look at."""
    title = "What it was trained on"
    try:
        samples = sound_source(source_of(run.config)).sounds("train").samples
    except UserError as error:
        return page.section(title, not_shown(error))
    figures = "".join(
        f'<figure><img class="pixels" src="{png(spectrogram_picture(sound, 192, 72))}" '
        f'alt="spectrogram"><audio controls preload="none" '
        f'src="{wav(at_one_level(sound), RATE_HZ)}"></audio></figure>'
        for sound in _audible(samples, SHOWN_SOUNDS, seed)
    )
    remark = page.paragraph(
        f"Some of the louder half of {len(samples):,} sounds of {samples.shape[1] / RATE_HZ:g} s "
        "(60 Hz to 7.6 kHz upward). Played sounds are raised to one level.",
        soft=True,
    )
    return page.section(title, f'<div class="clips">{figures}</div>{remark}')


def _audible(
    samples: Int16[np.ndarray, "sound time"], count: int, seed: int
) -> Int16[np.ndarray, "shown time"]:
    """Some of the louder half: many an interaction makes no sound."""
    loudness = np.abs(samples).max(axis=1).astype(np.float64)
    rows = np.flatnonzero(loudness >= np.median(loudness))
    return samples[np.random.default_rng(seed).permutation(rows)[:count]]


def model_section(run: RunRecord, seed: int) -> str:
    """What the decoder makes of the features, and the nearest held-out sounds before and after
    training.
    """
    try:
        phase = nsca.load(run.path)
        encoder = audio_encoder(phase, run.path)
        source = sound_source(source_of(run.config))
        split = source.held_out[-1]
        samples, labels = source.sounds(split).samples, source.sound_labels(split)
        clip = np.arange(len(samples))
        found = {
            name: nearest_rows(frozen(each), samples, labels, clip, QUERIES, seed=seed)
            for name, each in (
                ("Trained", encoder),
                ("Untrained twin", untrained_encoder(run.config)),
            )
        }
    except UserError as error:
        return page.section("What it finds alike", not_shown(error))
    alike = neighbour_section(found, "sound", lambda sound: png(spectrogram_picture(sound, 60, 60)))
    return _decoded(phase, _audible(samples, DECODED_SOUNDS, seed)) + alike


def _decoded(phase: Phase, samples: Int16[np.ndarray, "sound time"]) -> str:
    """Held-out spectrograms as coarse as the decoder sees them, over what it makes of them."""
    if not isinstance(phase, AudioPhase):
        raise TypeError(f"{type(phase).__name__} has no decoder")
    with torch.no_grad():
        log_mel = phase.encoder.front.of_stored(torch.from_numpy(samples))
        truth = phase.decoder.coarse(log_mel)
        guess = phase.decoder(phase.encoder(log_mel))
    error_db = float((guess - truth).abs().mean()) * DECIBEL_PER_UNIT
    both = torch.cat([truth, guess], dim=1).numpy()
    pairs = "".join(page.picture(png(_coloured(pair)), kind="pixels") for pair in both)
    return page.section(
        "What its features still say",
        f'<div class="clips">{pairs}</div>',
        intro=(
            f"Held-out sounds: the decoder's guess from the features above, the spectrogram below "
            f"(off by {error_db:.1f} dB on average here)."
        ),
    )


def _coloured(log_mel: Float[np.ndarray, "band frame"]) -> UInt8[np.ndarray, "height width 3"]:
    from matplotlib import colormaps

    colours = colormaps["magma"](((log_mel[::-1] + 1) / 2).clip(0, 1))[..., :3]
    return (colours * 255).round().astype(np.uint8).repeat(PIXELS_PER_FRAME, axis=1)
