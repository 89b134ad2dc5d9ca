"""What the page says of several senses follows from the scores."""

import re

import fake_record
from fake_record import page_of, score

from nsca.reporting.sense_sections import belongs_here, lost_senses, retrieval


def recall(**changes):
    way = {"quantity": "vision_to_audio_at_5", "measure": "recall", "test_rows": 300}
    return score(**{**way, "chance": 0.41, **changes})


def lost(corruption: str, value: float, **changes):
    return score(corruption=corruption, severity=1, value=value, **changes)


def test_recall_stands_beside_chance_and_the_twin():
    text = retrieval([recall(value=0.9), recall(value=0.8), recall(value=0.4, features="random")])
    assert "Do senses find each other?" in text
    assert "vision to audio at 5" in text
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", text)
    assert cells == ["vision to audio at 5", "0.850 ± 0.050", "0.400", "0.410", "300"]


def test_ways_of_losing_senses_are_means_over_the_quantities_that_were_scored():
    scores = [
        score(value=0.9),
        score(quantity="colour", value=0.1),  # never scored with a sense lost
        lost("without_vision", 0.6),
        lost("audio_alone", 0.3),
        lost("fog", 0.2),
    ]
    text = lost_senses(scores)
    assert "With senses lost" in text
    for words in ("all senses", "without vision", "audio alone", "mean accuracy"):
        assert words in text
    assert "fog" not in text
    assert text.count("<svg") == 1
    next_moment = lost("without_vision", 0.2, quantity="next_target_x_m", measure="r2")
    assert lost_senses([*scores, next_moment]).count("<svg") == 2


def test_without_such_scores_there_is_no_section():
    plain = fake_record.scores()
    assert retrieval(plain) == lost_senses(plain) == ""
    assert not any(belongs_here(each) for each in plain)


def test_the_page_shows_each_score_in_one_place():
    mine = [recall(value=0.9), lost("without_vision", 0.6), lost("audio_alone", 0.3)]
    assert all(belongs_here(each) for each in mine)
    text = page_of(fake_record.record(0, [*fake_record.scores(), *mine]))
    titles = ["What the features know", "Do senses find each other?", "With senses lost"]
    places = [text.index(f"<h2>{title}</h2>") for title in [*titles, "Under corruption"]]
    assert places == sorted(places)
    known = text[places[0] : places[1]]
    assert "vision_to_audio" not in known
    corrupted = text[places[3] :]
    assert ">fog<" in corrupted.replace("\n", "").replace(" ", "")
    assert "without_vision" not in corrupted[: corrupted.index("<h2>Diagnoses")]
