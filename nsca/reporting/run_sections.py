"""What a report says of the runs themselves: figures at a glance, diagnoses, commands, cards."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from omegaconf import OmegaConf

from nsca.reporting import page
from nsca.reporting.rate_plot import rate_svg
from nsca.reporting.run_record import RunRecord
from nsca.run_card import RUN_CARD, load_run_card


def subtitle(runs: Sequence[RunRecord]) -> str:
    """How many runs, their seeds, when they started and how they ended."""
    seeds = ", ".join(str(run.card.get("seed")) for run in runs)
    started = str(runs[0].card.get("starts", [""])[0]).replace("T", " ").replace("+00:00", " UTC")
    states = {str(run.card.get("status")) for run in runs}
    many = f"{len(runs)} runs, seeds {seeds}" if len(runs) > 1 else f"seed {seeds}"
    return f"{many} · started {started} · {', '.join(sorted(states))}"


def tiles(runs: Sequence[RunRecord]) -> list[tuple[str, str]]:
    """Names and figures at a glance, averaged over runs."""

    def average(name: str, text: str) -> str:
        values = [run.card[name] for run in runs if run.card.get(name) is not None]
        return text.format(float(np.mean(values))) if values else ""

    steps = [max((c[-1, 0] for c in run.curves.values()), default=0) for run in runs]
    seconds = average("seconds", "{:.0f} s")
    return [
        ("optimiser steps", f"{int(max(steps)) + 1:,}" if max(steps) else ""),
        ("training time", seconds),
        ("samples per second", average("samples_per_s", "{:,.0f}")),
        ("peak memory", average("peak_memory_mb", "{:,.0f} MB")),
        ("peak device memory", average("peak_device_memory_mb", "{:,.0f} MB")),
    ]


def rates(runs: Sequence[RunRecord]) -> str:
    """What searches for a learning rate found."""
    parts = [rate_svg(run.rates) for run in runs if run.rates is not None]
    intro = (
        "One optimiser step at each learning rate, lowest first. The suggestion is a tenth of the "
        "rate at which the smoothed loss is lowest: phase.optimizer.learning_rate. Nothing was "
        "trained."
    )
    return page.section("Learning rates", *parts, intro=intro)


def diagnoses(runs: Sequence[RunRecord]) -> str:
    """What the rules found while training, with remedies; what failed, why."""
    items = []
    for run in runs:
        whose = f"seed {run.card.get('seed')}: " if len(runs) > 1 else ""
        for found in run.diagnoses:
            name = f"{whose}{found['name']} (step {found['step']})"
            items.append(
                f"<p><b>{page.escape(name)}</b>: {page.escape(str(found['evidence']))}. "
                f"{page.escape(str(found['remedy']))}.</p>"
            )
        if run.card.get("error"):
            items.append(page.paragraph(f"{whose}failed: {run.card['error']}"))
    content = "".join(items) or page.paragraph("No rule fired.", soft=True)
    return page.section("Diagnoses", content)


def reproduce(runs: Sequence[RunRecord]) -> str:
    """The commands from data to this page."""
    lines = []
    for run in runs:
        made = Path(str((run.config.get("data") or {}).get("path") or "")) / RUN_CARD
        if made.is_file():  # a babbling set is its own run directory
            command = str(load_run_card(made.parent).get("command", ""))
            lines += [command] if command not in lines else []
        lines.append(str(run.card.get("command", "")))
        if run.evaluation is not None:
            lines.append(str(run.evaluation_card.get("command", "")))
    lines.append("python -m nsca.report " + _run_argument(runs))
    return page.section("Reproduce", page.preformatted("\n".join(line for line in lines if line)))


def _run_argument(runs: Sequence[RunRecord]) -> str:
    paths = [shown_path(run.path) for run in runs]
    return f"run={paths[0]}" if len(paths) == 1 else f"'run=[{','.join(paths)}]'"


def shown_path(path: Path) -> str:
    """A run's path from its outputs folder on: where that folder lies is nobody's business."""
    parts = path.resolve().parts
    at = max((i for i, part in enumerate(parts) if part == "train"), default=1)
    return str(Path(*parts[max(at - 1, 1) :]))


def cards(runs: Sequence[RunRecord]) -> str:
    """Each run's facts and whole configuration."""
    parts = []
    for run in runs:
        card, judged = run.card, run.evaluation_card
        versions = " · ".join(f"{k} {v}" for k, v in (card.get("versions") or {}).items())
        hardware = card.get("hardware")
        if isinstance(hardware, Mapping):
            hardware = " · ".join(f"{k} {v}" for k, v in hardware.items())
        facts = page.facts(
            [
                ("run", shown_path(run.path)),
                ("status", str(card.get("status", ""))),
                ("commit", str(card.get("commit", ""))),
                ("seed", str(card.get("seed", ""))),
                ("versions", versions),
                ("hardware", str(hardware or "")),
                ("seconds", f"{card.get('seconds', 0):.1f}"),
                ("peak memory", f"{card.get('peak_memory_mb', 0):,.0f} MB"),
                ("samples", f"{card.get('samples', 0):,}"),
                ("data fingerprint", str(card.get("data_fingerprint", ""))),
                ("configuration fingerprint", str(card.get("config_fingerprint", ""))),
                ("evaluation", _evaluation_name(run.evaluation)),
                ("evaluation took", f"{judged['seconds']:.1f} s" if "seconds" in judged else ""),
                ("weights sha256", str(judged.get("weights_sha256", ""))),
            ]
        )
        config = page.folded("configuration", page.preformatted(OmegaConf.to_yaml(run.config)))
        heading = f"<h3>Seed {page.escape(str(card.get('seed')))}</h3>" if len(runs) > 1 else ""
        parts.append(heading + facts + config)
    return page.section("Run card", *parts)


def _evaluation_name(evaluation: Path | None) -> str:
    return "" if evaluation is None else "/".join(evaluation.resolve().parts[-3:])
