"""What the page says of agents follows from their figures."""

from dataclasses import replace
from pathlib import Path

import fake_record
import numpy as np
from fake_record import page_of

from nsca.benchmarks.outcomes import FILM, IMAGINED, MODEL_ERROR, SUCCESS, Outcome, share
from nsca.reporting.run_record import RunRecord


def outcomes(seed: int, ours: int, baseline: int) -> list[Outcome]:
    """Of 10 episodes at soccer with 5 demonstrations so many succeed."""
    key = ("soccer-v3", 5, seed)
    made = [
        share(*key, agent, figure, np.arange(10) < hits, "envpool")
        for agent, figure, hits in (
            ("trained", SUCCESS, ours),
            ("trained", IMAGINED, 4),
            ("warped", SUCCESS, baseline),
        )
    ]
    nan = float("nan")
    errors = (("trained", 0.3), ("still", 1.25))
    return made + [Outcome(*key, a, MODEL_ERROR, e, nan, nan, 7, "held out") for a, e in errors]


def acted(seed: int, ours: int = 8, baseline: int = 6) -> RunRecord:
    made = tuple(outcomes(seed, ours, baseline))
    return replace(fake_record.record(seed, []), outcomes=made, evaluation=Path("nowhere"))


def test_one_run_shows_intervals_over_episodes_and_the_best_agent():
    text = page_of(acted(0))
    assert "from 5 demonstrations: <b>trained 0.800</b>, warped demonstrations, no model 0.600" in (
        text
    )
    assert "Not judged yet" not in text
    assert "One seed" in text
    assert "<td class=best>0.800 (0.49 to 0.94)</td>" in text
    assert "<td class=best>0.300</td>" in text, "the least error is the best"
    assert "<td>1.250</td>" in text


def test_seeds_become_mean_and_standard_error():
    text = page_of(acted(0, 8), acted(1, 6))
    assert "<b>trained 0.700 ± 0.100</b>" in text
    assert "2 x 10" in text


def test_the_film_is_on_the_page(tmp_path):
    (tmp_path / FILM).write_bytes(b"GIF89a")
    text = page_of(replace(acted(0), evaluation=tmp_path))
    assert 'src="data:image/gif;base64,' in text
    assert "data:image/gif" not in page_of(acted(0))


def test_features_alone_give_no_such_section():
    assert "How it acts" not in page_of(fake_record.record())
