"""Rows of neighbours as a page shows them."""

import numpy as np

from nsca.benchmarks.nearest import Nearest
from nsca.errors import UserError
from nsca.reporting.neighbours import neighbour_section, not_shown


def found(label: str = "kind") -> Nearest:
    return Nearest(
        label=label,
        queries=np.array([[1], [2]]),
        neighbours=np.array([[[3], [4]], [[5], [6]]]),
        matches=np.array([[True, False], [False, False]]),
        share=0.25,
        chance=0.5,
    )


def drawn(row: np.ndarray) -> str:
    return f"picture-{row[0]}"


def test_queries_come_before_their_neighbours_and_matches_are_marked():
    text = neighbour_section({"Trained": found(), "Untrained twin": found()}, "sound", drawn)
    first = text[text.index("<h3>Trained") : text.index("<h3>Untrained")]
    places = [first.index(f"picture-{n}") for n in (1, 3, 4, 2, 5, 6)]
    assert places == sorted(places)
    assert first.count('class="match"') == 1
    assert "Trained · 25% of neighbours match, chance 50%" in text
    assert "A held-out sound" in text
    assert "Green: the same kind" in text


def test_without_a_class_nothing_matches():
    text = neighbour_section({"Trained": found(label="")}, "picture", drawn)
    assert 'class="match"' not in text
    assert "Green" not in text
    assert "neighbours match" not in text


def test_what_is_gone_is_said_with_the_remedy():
    assert "Not shown: it is &lt;gone&gt; (fetch it)." in not_shown(
        UserError("it is <gone>", "fetch it")
    )
