import math
from dataclasses import replace

import pytest

from nsca.paired_table import CSV_COLUMNS, PairedTable, comparisons, csv_rows, lines, markdown

VALUES = {
    ("off", "score"): {0: 0.50, 1: 0.55, 2: 0.60},
    ("on", "score"): {0: 0.70, 1: 0.76, 2: 0.80},
    ("late", "score"): {0: 0.4},
    ("apart", "score"): {7: 0.4},
}


@pytest.fixture
def table() -> PairedTable:
    def values(row: str, metric: str) -> dict[int, float]:
        return VALUES.get((row, metric), {})

    rows = ["off", "on", "late", "apart", "never"]
    return PairedTable(rows, ["score"], "off", values, {"score": "share of episodes"})


def test_differences_are_paired_by_seed(table):
    found = comparisons(table)
    assert set(found) == {("on", "score"), ("late", "score")}
    assert found["on", "score"].mean == pytest.approx(0.61 / 3)
    assert found["late", "score"].pairs == 1


def test_each_row_says_what_it_has(table):
    off, on, late, apart, never = lines(table)
    assert off.difference is None
    assert on.p_holm < 0.05
    assert math.isnan(late.p_holm)
    assert apart.difference is None
    assert never.seeds == 0
    text = markdown(table)
    assert "### `score`: share of episodes" in text
    assert "| off | 0.550 ± 0.029 | 3 | reference | | |" in text.replace("  ", " ")
    assert "| apart | 0.400 | 1 | not paired |" in text
    assert "| never | not measured | 0 |" in text
    assert "3 paired seeds detect" in text


def test_small_figures_are_not_rounded_away():
    small = {"off": {0: 9.0e-4, 1: 9.3e-4, 2: 9.1e-4}, "on": {0: 8.0e-4, 1: 8.4e-4, 2: 8.1e-4}}
    table = PairedTable(["off", "on"], ["metres"], "off", lambda row, _: small[row])
    text = markdown(table)
    assert "| off | 0.000913 ± 0.000009 |" in text
    assert "-0.000097 (-0.000111 .. -0.000082), worse" in text


def test_differences_without_a_better_side_are_called_higher_or_lower(table):
    assert "), better |" in markdown(table)
    neutral = replace(table, higher_is_better=False)
    assert "), higher |" in markdown(neutral)
    assert "better" not in markdown(neutral)


def test_the_csv_has_the_same_figures_and_blanks_where_there_is_none(table):
    head, off, on, *_, never = csv_rows(table)
    assert tuple(head) == CSV_COLUMNS
    row = dict(zip(head, on, strict=True))
    assert float(row["difference"]) == pytest.approx(0.61 / 3, rel=1e-5)
    assert float(row["low"]) < float(row["difference"]) < float(row["high"])
    assert float(row["detectable_d"]) > 1
    assert dict(zip(head, off, strict=True))["difference"] == ""
    assert set(never[3:]) == {""}
