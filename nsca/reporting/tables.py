"""A table of ready texts as Markdown, LaTeX and CSV.

LaTeX comes with booktabs' rules. Texts are plain: what has a meaning in the format is escaped, and
a few signs of the suite (±, minus, arrows, Greek) become LaTeX's own. Studies and gates write their
paired tables through `paired_latex` and `paired_csv`.
"""

import csv
import io
from collections.abc import Sequence

from nsca.paired_table import PairedTable, cells, csv_rows, header, lines

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "−": r"$-$",
    "→": r"$\to$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "²": r"\textsuperscript{2}",
    "λ": r"$\lambda$",
}


def paired_latex(table: PairedTable) -> str:
    """The table of record of a study or a gate, all of its figures below each other.

    Its Markdown is `nsca.paired_table.markdown`.
    """
    rows = [[line.metric, *cells(line, table)] for line in lines(table)]
    return latex_table(["figure", *header(table.reference)], rows)


def paired_csv(table: PairedTable) -> str:
    """The same as CSV, every number in a column of its own (`nsca.paired_table.CSV_COLUMNS`)."""
    titles, *rows = csv_rows(table)
    return csv_table(titles, rows)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """GitHub's flavour, first column left, the others right.

    Raises:
        ValueError: a row has not as many cells as the header.
    """
    _check(header, rows)
    rule = [":--", *["--:"] * (len(header) - 1)]
    lines = [_markdown_line(header), "|" + "|".join(rule) + "|", *map(_markdown_line, rows)]
    return "\n".join(lines) + "\n"


def latex_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "", label: str = ""
) -> str:
    """A `tabular` with booktabs' rules; a whole `table` when there is a caption or a label.

    Raises:
        ValueError: a row has not as many cells as the header.
    """
    _check(header, rows)
    lines = [
        rf"\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
        r"\toprule",
        _latex_line(header),
        r"\midrule",
        *map(_latex_line, rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    if caption or label:
        around = [r"\begin{table}", r"\centering"]
        around += [rf"\caption{{{_latex(caption)}}}"] if caption else []
        around += [rf"\label{{{label}}}"] if label else []
        lines = [*around, *lines, r"\end{table}"]
    return "\n".join(lines) + "\n"


def csv_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """RFC 4180, with plain line ends.

    Raises:
        ValueError: a row has not as many cells as the header.
    """
    _check(header, rows)
    stored = io.StringIO()
    csv.writer(stored, lineterminator="\n").writerows([header, *rows])
    return stored.getvalue()


def _check(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"{len(row)} cells under {len(header)} titles: {list(row)}")


def _markdown_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(c.replace("|", r"\|").replace("\n", " ") for c in cells) + " |"


def _latex_line(cells: Sequence[str]) -> str:
    return " & ".join(map(_latex, cells)) + r" \\"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)
