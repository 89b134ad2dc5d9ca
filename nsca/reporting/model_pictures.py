"""Sections that need the data or the trained weights: what it saw, its filters, what it finds
alike.

Where data or weights are gone the section says so instead of leaving a hole.
"""

import numpy as np

import nsca
from nsca.benchmarks.encoders import frame_source, frozen, untrained_encoder, vision_encoder
from nsca.benchmarks.nearest import nearest_rows
from nsca.data.babbling import Babbling
from nsca.data.source import FrameSource
from nsca.errors import UserError
from nsca.evaluation import source_of
from nsca.models.vision_encoder import VisionEncoder
from nsca.reporting import page
from nsca.reporting.neighbours import neighbour_section, not_shown
from nsca.reporting.pictures import filter_pictures, png, sheet, webp
from nsca.reporting.rollout import rollouts
from nsca.reporting.run_record import RunRecord

SHEET_COLUMNS, SHEET_ROWS = 14, 3
SHOWN_PRIMITIVES = ("strike", "drop", "push", "lift")
QUERIES = 6
FILTER_COLUMNS = 16


def data_section(run: RunRecord, seed: int) -> str:
    """Rollouts with their sound where the data has them, and a contact sheet of training frames."""
    title = "What it was trained on"
    try:
        source = frame_source(source_of(run.config))
        parts = [_clips(source), _contact_sheet(source, seed)]
    except UserError as error:
        return page.section(title, not_shown(error))
    return page.section(title, *parts)


def _clips(source: FrameSource) -> str:
    if not isinstance(source, Babbling):
        return ""
    shown = rollouts(source.path, "train", SHOWN_PRIMITIVES)
    figures = []
    for clip in shown:
        words = page.escape(clip.utterance or clip.primitive)
        events = f" <span class=soft>({page.escape(clip.events)})</span>" if clip.events else ""
        figures.append(
            f'<figure><img class="pixels" src="{clip.animation}" '
            f'alt="{page.escape(clip.primitive)}">'
            f'<audio controls preload="none" src="{clip.sound}"></audio>'
            f"<figcaption><b>{page.escape(clip.primitive)}</b> · {words}{events}</figcaption>"
            "</figure>"
        )
    if not figures:
        return ""
    remark = page.paragraph(
        "One interaction each (1.6 s, 20 frames/s) over the spectrogram of its synthesised contact "
        "sound (60 Hz to 7.6 kHz; the line is now). Played sounds are raised to one level.",
        soft=True,
    )
    return f'<div class="clips">{"".join(figures)}</div>{remark}'


def _contact_sheet(source: FrameSource, seed: int) -> str:
    frames = source.frames("train")
    _, firsts = np.unique(frames.clip, return_index=True)
    random = np.random.default_rng(seed)
    count = min(len(firsts), SHEET_COLUMNS * SHEET_ROWS)
    chosen = np.sort(random.choice(firsts, count, replace=False))
    caption = f"{count} of {len(firsts):,} training clips ({len(frames):,} frames)"
    picture = sheet(frames.images[chosen], SHEET_COLUMNS)
    return "<h3>Contact sheet</h3>" + page.picture(webp(picture), caption, "wide")


def model_section(run: RunRecord, seed: int) -> str:
    """Nearest held-out pictures before and after training, and the filters of the innate stem."""
    try:
        encoder = vision_encoder(nsca.load(run.path), run.path)
        untrained = untrained_encoder(run.config)
        source = frame_source(source_of(run.config))
        split = source.held_out[-1]
        frames, labels = source.frames(split), source.probe_labels(split)
        found = {
            name: nearest_rows(frozen(each), frames.images, labels, frames.clip, QUERIES, seed=seed)
            for name, each in (("Trained", encoder), ("Untrained twin", untrained))
        }
    except UserError as error:
        return page.section("What it finds alike", not_shown(error))
    alike = neighbour_section(found, "picture", png)
    return alike + page.section("Filters", _filters(encoder, untrained))


def _filters(encoder: VisionEncoder, untrained: VisionEncoder) -> str:
    """Every convolution bank of the stem of 5x5 or more, and how far training moved it."""
    stem = encoder.stem
    start = dict(untrained.stem.state_dict())
    learned = {name for name, _ in stem.named_parameters()}
    parts = []
    for name, weights in stem.state_dict().items():
        if weights.ndim != 4 or weights.shape[-1] < 5:
            continue
        moved = float((weights - start[name]).norm() / start[name].norm())
        kind = f"learned, moved by {moved:.1%} of its norm" if name in learned else "fixed"
        drawn = sheet(filter_pictures(weights.float().cpu().numpy()), FILTER_COLUMNS, factor=4)
        parts.append(page.picture(png(drawn), f"{name}: {len(weights)} filters, {kind}", "pixels"))
    return f'<div class="row">{"".join(parts)}</div>' if parts else ""
