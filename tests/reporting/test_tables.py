import csv
import io

import pytest

from nsca.paired_table import CSV_COLUMNS, PairedTable
from nsca.reporting.tables import (
    csv_table,
    latex_table,
    markdown_table,
    paired_csv,
    paired_latex,
)

HEADER = ["method", "success (%)"]
ROWS = [["ewc_online", "81.0 ± 2.1"], ["a|b, {c}", "5 > 3"]]


def test_markdown():
    assert markdown_table(HEADER, ROWS) == (
        "| method | success (%) |\n|:--|--:|\n| ewc_online | 81.0 ± 2.1 |\n| a\\|b, {c} | 5 > 3 |\n"
    )


def test_latex_escapes_what_it_would_misread():
    assert latex_table(HEADER, ROWS) == (
        "\\begin{tabular}{lr}\n\\toprule\n"
        "method & success (\\%) \\\\\n\\midrule\n"
        "ewc\\_online & 81.0 $\\pm$ 2.1 \\\\\n"
        "a|b, \\{c\\} & 5 \\textgreater{} 3 \\\\\n"
        "\\bottomrule\n\\end{tabular}\n"
    )
    assert r"\textbackslash{}n" in latex_table(["a"], [["\\n"]])


def test_a_caption_makes_it_a_table():
    text = latex_table(HEADER, ROWS, "Success, 20 % more", "tab:success")
    assert text.startswith("\\begin{table}\n\\centering\n\\caption{Success, 20 \\% more}\n")
    assert "\\label{tab:success}\n" in text
    assert text.endswith("\\end{tabular}\n\\end{table}\n")


def test_csv_reads_back():
    assert list(csv.reader(io.StringIO(csv_table(HEADER, ROWS)))) == [HEADER, *ROWS]


@pytest.mark.parametrize("write", [markdown_table, latex_table, csv_table])
def test_a_ragged_row_is_refused(write):
    with pytest.raises(ValueError, match="1 cells under 2 titles"):
        write(HEADER, [["alone"]])


def test_a_paired_table_in_both_formats():
    values = {"off": {0: 0.1, 1: 0.2}, "on_top": {0: 0.4, 1: 0.5}}
    rows, metrics = ["off", "on_top"], ["success"]
    table = PairedTable(rows, metrics, metrics, "off", lambda row, _: values[row])
    columns, off, on = csv.reader(io.StringIO(paired_csv(table)))
    assert tuple(columns) == CSV_COLUMNS
    assert (off[1], on[1], on[3]) == ("off", "on_top", "0.45")
    latex = paired_latex(table)
    assert "success & off & 0.150 $\\pm$ 0.050 & 2 & reference &  &  &  \\\\" in latex
    assert "success & on\\_top & 0.450 $\\pm$ 0.050" in latex
