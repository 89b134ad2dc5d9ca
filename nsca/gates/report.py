"""A gate's table, plot and page."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg

from nsca.gates.gate import Cell, Gate, Row, values
from nsca.gates.verdict import Verdict
from nsca.job_table import Job, JobTable
from nsca.paired_table import PairedTable, cells, foot, header, lines, markdown
from nsca.reporting import page
from nsca.reporting.plots import STYLE, as_svg
from nsca.reporting.tables import paired_csv, paired_latex
from nsca.run_card import load_run_card, write_atomically

SMOKE = "SMOKE RUN: few seeds, few steps. Its figures answer nothing; it only shows that it runs."
CAPTIONS = {
    "pass": "Passed",
    "fail": "Not passed",
    "uninterpretable": "Uninterpretable",
    "smoke": "Smoke run",
}


def paired_table(gate: Gate, rows: Sequence[Row]) -> PairedTable:
    """The figures that the gate shows, its reference first."""
    arms = list(dict.fromkeys([gate.reference, *(row.arm for row in rows)]))
    return PairedTable(
        arms,
        list(gate.shown),
        list(gate.shown),
        gate.reference,
        lambda arm, figure: values(rows, arm, figure),
        explained=gate.shown,
        higher_is_better=False,  # a weight or an error is not better for being higher
    )


def write_report(
    gate: Gate,
    name: str,
    planned: Sequence[Cell],
    rows: Sequence[Row],
    verdict: Verdict,
    results: JobTable,
) -> None:
    """Write `table.md`, `.csv` and `.tex`, `plot.svg`, `plot.png` and `report.html`.

    Args:
        gate: that was run.
        name: of it.
        planned: its cells.
        rows: the same cells with their figures.
        verdict: on them.
        results: the table of the run directory, where all of it goes, and whose run card is shown.
    """
    home = results.path.parent
    table = paired_table(gate, rows)
    quick = verdict.group == "smoke"
    heading = [f"# Gate {name}", *([f"**{SMOKE}**"] if quick else []), gate.question]
    heading += [f"Passes when: {gate.criterion}", f"**{verdict.kind}**: {verdict.text}"]
    text = "\n\n".join(heading) + "\n\n" + markdown(table)
    write_atomically(home / "table.md", text.encode())
    write_atomically(home / "table.csv", paired_csv(table).encode())
    write_atomically(home / "table.tex", paired_latex(table).encode())
    svg = _draw(gate, name, rows, home)
    body = [
        page.banner(SMOKE) if quick else "",
        page.heading(f"Gate: {name}"),
        gate_summary(gate, verdict, svg),
        gate_details(planned, table, verdict, results),
    ]
    write_atomically(home / "report.html", page.page(f"gate {name}", "".join(body)).encode())


def gate_svg(gate: Gate, name: str, rows: Sequence[Row]) -> str:
    """The gate's plot for a page."""
    with rc_context(STYLE):
        return as_svg(gate.plot(rows), name)


def _draw(gate: Gate, name: str, rows: Sequence[Row], home: Path) -> str:
    with rc_context(STYLE):
        figure = gate.plot(rows)
        svg = as_svg(figure, name)
        write_atomically(home / "plot.svg", svg.replace("currentColor", "#000000").encode())
        FigureCanvasAgg(figure)
        # 130 dots an inch: readable at the width of a README
        figure.savefig(home / "plot.png", dpi=130, facecolor="white", bbox_inches="tight")
    return svg


def gate_summary(gate: Gate, verdict: Verdict, svg: str) -> str:
    """Question, verdict, criterion and plot."""
    kind = CAPTIONS[verdict.group]
    if verdict.kind != verdict.group:
        kind += f": {verdict.kind.replace('_', ' ')}"
    colour = "good" if verdict.passed else "bad"
    box = (
        f'<div class="verdict"><p class="{colour}">{page.escape(kind)}</p>'
        f"<p>{page.escape(verdict.text)}</p></div>"
    )
    return "".join(
        [
            page.paragraph(gate.question),
            box,
            page.paragraph(f"Passes when: {gate.criterion}"),
            page.section("What was seen", f"<figure>{svg}</figure>"),
        ]
    )


def gate_details(
    planned: Sequence[Cell], table: PairedTable, verdict: Verdict, results: JobTable
) -> str:
    """Tables, figures of the verdict, cells and run card."""
    card = load_run_card(results.path.parent)
    intro = f"{foot(table)} Differences are taken seed by seed, with a 95 % t interval."
    return "".join(
        [
            page.section("Figures", *_tables(table), intro=intro.strip()),
            page.section("The verdict's figures", page.facts(_figures(verdict))),
            page.section("Cells", _cell_table(planned, results)),
            page.section("Run card", page.facts(_facts(card)), page.preformatted(card["command"])),
        ]
    )


def _tables(table: PairedTable) -> list[str]:
    every = lines(table)
    found = []
    for metric in table.metrics:
        body = [cells(line, table) for line in every if line.metric == metric]
        title = f"<h3>{page.escape(f'{metric}: {table.explained[metric]}')}</h3>"
        found.append(title + page.table(header(table.reference), body, [None] * len(body)))
    return found


def _figures(verdict: Verdict) -> list[tuple[str, str]]:
    return [(name, f"{value:.4g}") for name, value in verdict.figures.items()]


def _cell_table(planned: Sequence[Cell], results: JobTable) -> str:
    body = []
    for cell in planned:
        origin = results.origin_of(Job(cell.arm, cell.seed))
        settings = ", ".join(f"{key}={value}" for key, value in cell.parameters.items())
        body.append([cell.arm, str(cell.seed), settings, origin["seconds"], origin["commit"][:12]])
    titles = ["arm", "seed", "parameters", "seconds", "commit"]
    return page.folded(f"{len(body)} cells", page.table(titles, body, [None] * len(body)))


def _facts(card: Mapping[str, object]) -> list[tuple[str, str]]:
    versions = card["versions"]
    text = ", ".join(f"{k} {v}" for k, v in versions.items()) if isinstance(versions, dict) else ""
    return [
        ("seeds", str(card["seeds"])),
        ("commit", str(card["commit"])),
        ("versions", text),
        ("seconds", str(card["seconds"])),
        ("settings and code", str(card["config_fingerprint"])[:12]),
    ]
