"""The section on time: one row a part, nothing where nothing was measured."""

from nsca.benchmarks.scores import Score
from nsca.reporting.time_sections import belongs_here, consistency


def score(features: str, value: float, split: str = "val", measure: str = "autocorrelation"):
    return Score(
        split, "transfer", "next_frame", features, measure, "clean", 0, value, 0.0, 0, 47, 0.0
    )


def test_figures_stand_side_by_side():
    scores = [score("shuffled", 0.01), score("trained", 0.534), score("random", 0.411)]
    text = consistency([*scores, score("trained", 0.9, measure="accuracy")])
    assert text.index("0.534") < text.index("0.411") < text.index("0.010")
    assert "shuffled frames" in text
    assert "0.900" not in text


def test_nothing_is_said_where_nothing_was_measured():
    other = score("trained", 0.9, measure="accuracy")
    assert not belongs_here(other)
    assert consistency([other]) == ""
