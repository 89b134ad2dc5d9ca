import math
from dataclasses import replace

import pytest

from nsca.paired_table import (
    CSV_COLUMNS,
    PairedTable,
    cells,
    comparisons,
    csv_rows,
    foot,
    lines,
    markdown,
    smallest_sign_flip_p,
)

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
    return PairedTable(rows, ["score"], ["score"], "off", values, {"score": "share of episodes"})


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
    assert "| off | 0.550 ± 0.029 | 3 | reference | | | |" in text.replace("  ", " ")
    assert "| apart | 0.400 | 1 | not paired |" in text
    assert "| never | not measured | 0 |" in text
    assert "3 paired seeds detect" in text


def test_small_figures_are_not_rounded_away():
    small = {"off": {0: 9.0e-4, 1: 9.3e-4, 2: 9.1e-4}, "on": {0: 8.0e-4, 1: 8.4e-4, 2: 8.1e-4}}
    table = PairedTable(["off", "on"], ["metres"], ["metres"], "off", lambda row, _: small[row])
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


def study(primary: list[str], conditions: int = 6) -> PairedTable:
    """Each of so many conditions is some 0.1 above the reference under two metrics; p is 0.025."""

    def values(row: str, metric: str) -> dict[int, float]:
        gains = (0.0, 0.0, 0.0) if row == "off" else (0.08, 0.10, 0.14)
        return {seed: 0.5 + 0.1 * seed + gain for seed, gain in enumerate(gains)}

    rows = ["off", *(f"on_{number}" for number in range(conditions))]
    return PairedTable(rows, ["score", "other"], primary, "off", values)


def said(table: PairedTable) -> dict[tuple[str, str], str]:
    return {
        (line.metric, line.row): cells(line, table)[3].partition("), ")[2]
        for line in lines(table)
        if line.difference is not None
    }


def test_a_difference_that_no_correction_has_passed_is_said_to_be_one():
    alone = study(["score"], conditions=1)
    assert said(alone) == {
        ("score", "on_0"): "better",
        ("other", "on_0"): "better before correction",
    }
    assert set(said(study(["score"])).values()) == {"better before correction"}, "one of six"
    neutral = replace(study(["score"]), higher_is_better=False)
    assert set(said(neutral).values()) == {"higher before correction"}


def test_only_primary_comparisons_are_corrected_and_by_each_other_alone():
    every = {(line.metric, line.row): line for line in lines(study(["score"], conditions=2))}
    p = every["score", "on_0"].difference.p_value
    assert every["score", "on_0"].p_holm == pytest.approx(2 * p)
    assert math.isnan(every["other", "on_0"].p_holm)
    both = {(line.metric, line.row): line for line in lines(study(["score", "other"], 2))}
    assert both["other", "on_0"].p_holm == pytest.approx(4 * p)
    text = markdown(study(["score"], conditions=2))
    assert f"{p:.3f} | {2 * p:.3f} |" in text
    assert f"{p:.3f} |  |" in text


def test_the_foot_says_what_was_corrected_and_what_so_few_seeds_can_reach():
    text = foot(study(["score"]))
    assert "over the 6 comparisons of `score`, the primary ones of 12" in text
    assert "A sign-flip test of 3 pairs" in text
    assert "below p = 0.25, 1 after Holm" in text
    assert "over all 12 comparisons" in foot(study(["score", "other"]))
    assert "None of these 12 comparisons is primary" in foot(study([]))


def test_with_seeds_enough_nothing_is_said_of_normal_differences():
    def values(row: str, _: str) -> dict[int, float]:
        return {seed: 0.1 * (row == "on") + 0.01 * seed**2 for seed in range(10)}

    table = PairedTable(["off", "on"], ["score"], ["score"], "off", values)
    assert "sign-flip" not in foot(table)
    assert smallest_sign_flip_p(3) == 0.25
    assert smallest_sign_flip_p(6) < 0.05 < smallest_sign_flip_p(5)


def test_without_two_seeds_there_is_no_foot():
    def one(row: str, _: str) -> dict[int, float]:
        return {0: 0.1 * (row == "on")}

    assert foot(PairedTable(["off", "on"], ["score"], ["score"], "off", one)) == ""


def test_a_primary_metric_is_one_that_is_shown():
    with pytest.raises(ValueError, match=r"primary \['speed'\] are not among"):
        study(["speed"])
