"""The one page about a pipeline: what ran, what did not, and everything that came of it.

A phase's part is what `nsca.report` says of its run, with the evaluations of this pipeline; a
gate's part is what its own page says. An evaluation of no step's run (of one that its settings
name, or a benchmark that trains what it judges) has a part of its own: its figures.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nsca.gates.report import gate_details, gate_summary, gate_svg, paired_table
from nsca.gates.run import ORIGIN, checked_cells, gate_of, rows_of
from nsca.job_table import JobTable
from nsca.pipelines.journal import State, StepRecord
from nsca.pipelines.progress import Progress
from nsca.pipelines.walk import FORCED
from nsca.plan import duration
from nsca.reporting import page
from nsca.reporting.compose import run_body
from nsca.reporting.run_record import RunRecord, read_run
from nsca.run_card import load_run_card, write_atomically

PARTS = {"gate": "Gate", "babble": "Data", "train": "Phase", "evaluate": "Figures"}


def write_report(progress: Progress, name: str, home: Path, *, force: bool) -> None:
    """Write `report.html` into the pipeline's folder.

    Args:
        progress: of a walk that has ended.
        name: of the pipeline.
        home: its folder.
        force: whether phases may have run past gates.

    Raises:
        UserError: files of a run are damaged.
    """
    body = [
        page.banner(*banner(progress, force=force)),
        page.heading(f"Pipeline {name}"),
        page.paragraph(_subtitle(progress), soft=True),
        _steps(progress),
        _missing(progress),
        *(_part(progress, step) for step in progress.pipeline.order()),
    ]
    html = page.page(f"NSCA pipeline {name}", "".join(body))
    write_atomically(home / "report.html", html.encode())


def banner(progress: Progress, *, force: bool) -> list[str]:
    """Which gates have not passed although a phase wants them to; nothing where all have."""
    unpassed: dict[str, str] = {}
    for step in progress.pipeline.steps:
        unpassed |= progress.unpassed(step)
    if not unpassed:
        return []
    began = FORCED if force else "Gates have not passed"
    return [f"{began}.", *(f"{gate}: {said}" for gate, said in unpassed.items())]


def _subtitle(progress: Progress) -> str:
    steps = progress.pipeline.steps
    done = sum(progress.is_done(step) for step in steps)
    seconds = sum(r.seconds for n, r in progress.journal.records.items() if n in steps)
    shared = progress.shared
    text = f"{done} of {len(steps)} steps done, {duration(seconds)} of all added up"
    return f"{text} · {' '.join(shared.hardware)} · seed {shared.seed}"


def _steps(progress: Progress) -> str:
    rows, anchors = [], []
    for name in progress.pipeline.order():
        step, done = progress.pipeline.steps[name], progress.is_done(name)
        record = progress.journal.records.get(name, StepRecord(State.WAITING))
        card = load_run_card(progress.run(name)) if done else {}
        time = duration(record.seconds) if record.seconds else ""
        run = os.path.relpath(progress.run(name), progress.shared.outputs) if done else ""
        rows.append([name, str(record.state), time, "; ".join(_key_figures(step.verb, card)), run])
        anchors.append(_anchor(progress, name) if done else "")
    titles = ["step", "state", "time", "figures", f"run, in {progress.shared.outputs}"]
    table = page.table(titles, rows, [None] * len(rows), anchors)
    return page.section("Steps", page.wrapping(table))


def _anchor(progress: Progress, name: str) -> str:
    """Where a step's part begins: an evaluation of a step's run is shown with that."""
    step = progress.pipeline.steps[name]
    return step.needs.get("run", name) if step.verb == "evaluate" else name


def _key_figures(verb: str, card: Mapping[str, Any]) -> list[str]:
    """The figures of a run card that say most in a line."""
    if verb == "gate":
        return [str(card[name]).replace("_", " ") for name in ("verdict",) if name in card]
    figures = {n: value for n, value in card.get("metrics", {}).items() if value is not None}
    if verb == "evaluate":
        return list(_means(figures))
    known = {
        "babble/interactions": "{:,.0f} interactions",
        "steps": "{:,.0f} steps",
        "val/loss": "val/loss {:.3f}",
    }
    return [text.format(figures[name]) for name, text in known.items() if name in figures]


def _means(figures: Mapping[str, float]) -> Iterator[str]:
    """Means over quantities on held-out objects, beside those of the untrained twin; of forecasts
    the place over all horizons; of a stream of tasks the error before and after it.
    """
    for name, value in figures.items():
        match = re.fullmatch(r"\w+/((?:\w+/)?val/mean_\w+)/trained", name)
        if match:
            twin = figures.get(name.removesuffix("trained") + "random")
            text = f"{match[1].replace('val/mean_', '')} {value:.3f}"
            yield text if twin is None else f"{text} (untrained {twin:.3f})"
    if (place_m := figures.get("forecast/val/place_m/trained")) is not None:
        kept_m = figures["forecast/val/place_m/copy_last"]
        yield f"place off by {100 * place_m:.2f} cm (last state kept {100 * kept_m:.2f})"
    if (end := figures.get("retention/val/error/end/trained")) is not None:
        begun = figures["retention/val/error/begun/trained"]
        lost = figures["retention/val/error/forgetting/trained"]
        yield f"error of all tasks {end:.3f} (before the stream {begun:.3f}; forgotten {lost:.3f})"


def _missing(progress: Progress) -> str:
    """Why steps did not run."""
    found = [
        (name, f"{record.state}: {record.cause}")
        for name, record in progress.journal.records.items()
        if name in progress.pipeline.steps and not progress.is_done(name)
    ]
    return page.section("What did not run", page.facts(found)) if found else ""


def _part(progress: Progress, name: str) -> str:
    """Everything about a step that is done and is shown with no other."""
    step = progress.pipeline.steps[name]
    if not progress.is_done(name) or _anchor(progress, name) != name:
        return ""
    heading = page.heading(f"{PARTS[step.verb]}: {name}", name)
    match step.verb:
        case "gate":
            return heading + _gate(progress, name)
        case "babble":
            return heading + _data(load_run_card(progress.run(name)))
        case "evaluate":
            return heading + _figures(load_run_card(progress.run(name)))
        case _:
            return heading + run_body([_judged(progress, name)], True, progress.shared.seed)


def _gate(progress: Progress, name: str) -> str:
    config, verdict = progress.command(name).config, progress.verdict(name)
    if verdict is None:
        raise ValueError(f"the gate {name} is done and has no verdict")
    gate = gate_of(config)
    cells = checked_cells(gate, config.quick)
    results = JobTable(progress.run(name) / "results.csv", ORIGIN)
    rows = rows_of(results, cells)
    details = gate_details(cells, paired_table(gate, rows), verdict, results)
    summary = gate_summary(gate, verdict, gate_svg(gate, name, rows))
    return summary + page.folded("tables, cells and run card", details)


def _data(card: Mapping[str, Any]) -> str:
    shown = {
        "interactions": "{:,.0f}",
        "episodes": "{:,.0f}",
        "frames_per_s": "{:,.0f}",
        "bytes": "{:,.0f}",
        "warnings": "{:,.0f}",
    }
    found = card["metrics"]
    figures = [
        (name.replace("_per_s", "/s"), text.format(found[f"babble/{name}"]))
        for name, text in shown.items()
        if f"babble/{name}" in found
    ]
    command = page.preformatted(str(card["command"]))
    return page.facts([*figures, ("fingerprint", str(card["data_fingerprint"]))]) + command


def _figures(card: Mapping[str, Any]) -> str:
    rows = [
        [name, "not finite" if value is None else f"{value:.4g}"]
        for name, value in card["metrics"].items()
    ]
    table = page.table(["figure", "value"], rows, [None] * len(rows))
    return page.preformatted(str(card["command"])) + page.folded("all figures", table)


def _judged(progress: Progress, name: str) -> RunRecord:
    """A phase's run with all evaluations of it in this pipeline."""
    steps = progress.pipeline.steps
    judging = [
        other
        for other, step in steps.items()
        if step.verb == "evaluate" and step.needs.get("run") == name and progress.is_done(other)
    ]
    records = [read_run(progress.run(other)) for other in judging or [name]]
    return replace(
        records[0],
        scores=tuple(score for each in records for score in each.scores),
        outcomes=tuple(outcome for each in records for outcome in each.outcomes),
    )
