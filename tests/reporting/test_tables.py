import csv
import io

import pytest

from nsca.reporting.tables import csv_table, latex_table, markdown_table

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
