"""What a babbling set looks and sounds like: contact sheet, film with sound, spectrogram."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image, ImageDraw

from nsca.data import animation
from nsca.data.babbling_store import read_manifest, read_shards
from nsca.data.babbling_tables import audio_from_int16
from nsca.errors import UserError
from nsca.worlds.tabletop.interaction import AUDIO_RATE_HZ, FRAMES, FRAMES_PER_S, IMAGE_SIZE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DYNAMIC_RANGE_DB = 80.0


def sample_interactions(path: str | Path, split: str, count: int) -> list[dict[str, Any]]:
    """The first interactions of a split, every primitive in turn, as dictionaries of columns.

    `frames` is uint8 [32, 64, 64, 3] or None, `audio` float32 [25600] in [-1, 1].

    Raises:
        UserError: no set there, a broken shard, an empty split.
    """
    root = Path(path)
    by_primitive: dict[str, list[dict[str, Any]]] = {}
    for table in read_shards(root, read_manifest(root), "observations", split):
        for row in table.slice(0, 10 * count).to_pylist():
            by_primitive.setdefault(row["primitive"], []).append(row)
        break
    if not by_primitive:
        raise UserError(
            f"{root} has no {split} episodes", "choose another split, or finish the set"
        )
    rows: list[dict[str, Any]] = []
    while len(rows) < count and any(by_primitive.values()):
        rows += [by_primitive[name].pop(0) for name in sorted(by_primitive) if by_primitive[name]]
    return [_decoded(row) for row in rows[:count]]


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    frames = row["frames"]
    if frames is not None:
        frames = np.frombuffer(frames, np.uint8).reshape(FRAMES, IMAGE_SIZE, IMAGE_SIZE, 3)
    audio = audio_from_int16(np.frombuffer(row["audio"], "<i2"))
    return {**row, "frames": frames, "audio": audio}


def contact_sheet(
    clips: Sequence[UInt8[np.ndarray, "_ height width 3"]],
    captions: Sequence[str],
    columns: int = 8,
    scale: int = 2,
) -> Image.Image:
    """One row a clip, of any length: `columns` frames spread over it, with its caption above.

    Raises:
        ValueError: no clips, or as many captions as clips are not given.
    """
    if not clips:
        raise ValueError("no clips to show")
    height, width = (scale * edge for edge in clips[0].shape[1:3])
    caption_height, gap = 16, 2
    row_height = height + caption_height + gap
    sheet = Image.new("RGB", (columns * (width + gap), len(clips) * row_height), "white")
    draw = ImageDraw.Draw(sheet)
    for row, (clip, caption) in enumerate(zip(clips, captions, strict=True)):
        top = row * row_height
        draw.text((2, top + 2), caption, fill="black")
        for column, frame in enumerate(np.linspace(0, len(clip) - 1, columns).round().astype(int)):
            picture = Image.fromarray(clip[frame]).resize((width, height), Image.Resampling.NEAREST)
            sheet.paste(picture, (column * (width + gap), top + caption_height))
    return sheet


def video(
    path: str | Path,
    frames: UInt8[np.ndarray, "frame height width 3"],
    audio: Float32[np.ndarray, " sample"] | None = None,
    frames_per_s: int = FRAMES_PER_S,
    audio_rate_hz: int = AUDIO_RATE_HZ,
    scale: int = 4,
) -> Path:
    """Writes an mp4 (H.264 and AAC, or MPEG-4 where the build of PyAV has no H.264 encoder).

    Args:
        path: file to write.
        frames: RGB.
        audio: in [-1, 1]; cut or padded to the length of the film; None makes a silent film.
        frames_per_s, audio_rate_hz: rates.
        scale: whole-number enlargement of the pictures.
    """
    import av

    path = Path(path)
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    with av.open(str(path), "w", format="mp4") as container:
        pictures = container.add_stream(codec, rate=frames_per_s)
        pictures.height, pictures.width = (scale * edge for edge in frames.shape[1:3])
        pictures.pix_fmt = "yuv420p"
        sound = None
        if audio is not None:
            sound = container.add_stream("aac", rate=audio_rate_hz)
            sound.layout = "mono"
        for picture in frames:
            large = np.ascontiguousarray(picture.repeat(scale, 0).repeat(scale, 1))
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(large, format="rgb24")))
        container.mux(pictures.encode(None))
        if sound is not None and audio is not None:
            wanted = round(len(frames) * audio_rate_hz / frames_per_s)
            samples = np.zeros((1, wanted), np.float32)
            samples[0, : len(audio)] = audio[:wanted]
            for start in range(0, wanted, 1024):
                part = np.ascontiguousarray(samples[:, start : start + 1024])
                block = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
                block.sample_rate = audio_rate_hz
                block.pts = start
                block.time_base = Fraction(1, audio_rate_hz)
                container.mux(sound.encode(block))
            container.mux(sound.encode(None))
    return path


def gif(
    path: str | Path,
    frames: UInt8[np.ndarray, "frame height width 3"],
    frames_per_s: int = FRAMES_PER_S,
    scale: int = 3,
) -> Path:
    """Writes an endless GIF."""
    large = frames.repeat(scale, 1).repeat(scale, 2)
    Path(path).write_bytes(animation.gif(large, frames_per_s))
    return Path(path)


def spectrogram_db(
    audio: Float32[np.ndarray, " sample"], window: int = 512, hop: int = 128
) -> Float32[np.ndarray, "frequency time"]:
    """Power in decibels under full scale, at least -120."""
    padded = np.pad(audio, (window // 2, window // 2))
    blocks = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop] * np.hanning(window)
    amplitude = np.abs(np.fft.rfft(blocks)) * 4 / window
    return (20 * np.log10(np.maximum(amplitude, 1e-6))).T.astype(np.float32)


def spectrogram_figure(
    audio: Float32[np.ndarray, " sample"],
    events: Sequence[dict[str, Any]] = (),
    title: str = "",
    audio_rate_hz: int = AUDIO_RATE_HZ,
) -> "Figure":
    """Spectrogram with the events (time_s, kind) marked; close it after use."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    power = spectrogram_db(audio)
    image = axes.imshow(
        power,
        origin="lower",
        aspect="auto",
        extent=(0, len(audio) / audio_rate_hz, 0, audio_rate_hz / 2000),
        vmin=max(float(power.max()), -60.0) - DYNAMIC_RANGE_DB,
        cmap="magma",
    )
    for event in events:
        if event["kind"] in ("impulse", "break", "bounce", "lift"):
            axes.axvline(event["time_s"], color="white", linewidth=0.6, alpha=0.6)
            axes.text(
                event["time_s"],
                audio_rate_hz / 2050,
                event["kind"],
                color="white",
                fontsize=6,
                rotation=90,
                va="top",
                ha="right",
            )
    axes.set(xlabel="time (s)", ylabel="frequency (kHz)", title=title)
    figure.colorbar(image, label="dB under full scale")
    return figure


def write_preview(
    path: str | Path, output: str | Path, split: str = "train", count: int = 7
) -> list[Path]:
    """Contact sheet, and of the loudest sampled interaction a film, a GIF and its spectrogram.

    Without pictures in the set only the spectrogram is written.

    Returns:
        The files, in that order.
    """
    rows = sample_interactions(path, split, count)
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    loudest = max(rows, key=lambda row: float(np.abs(row["audio"]).max()))
    files = []
    if loudest["frames"] is not None:
        captions = [f"{row['primitive']}: {row['utterance'] or '(nothing said)'}" for row in rows]
        contact_sheet([row["frames"] for row in rows], captions).save(output / "contact_sheet.png")
        files.append(output / "contact_sheet.png")
        files.append(video(output / "film.mp4", loudest["frames"], loudest["audio"]))
        files.append(gif(output / "film.gif", loudest["frames"]))
    title = f"{loudest['primitive']}: {loudest['utterance']}"
    figure = spectrogram_figure(loudest["audio"], loudest["events"], title)
    figure.savefig(output / "spectrogram.png", dpi=120)
    return [*files, output / "spectrogram.png"]
