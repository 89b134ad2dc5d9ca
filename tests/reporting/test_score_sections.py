"""What the page says of scores follows from them."""

from dataclasses import replace

import fake_record
import pytest
from fake_record import page_of

from nsca.reporting import plots


@pytest.fixture(scope="module")
def one() -> str:
    return page_of(fake_record.record())


def test_the_verdict_sets_the_figure_beside_its_twin_and_chance(one):
    verdict = one[one.index('<div class="verdict">') : one.index('<div class="tiles">')]
    assert "<b>0.800</b>" in verdict
    assert "untrained twin 0.600" in verdict
    assert '<span class="good">+0.200</span>' in verdict
    assert "chance 0.250" in verdict
    assert "the phase improves it over skipping it (untrained twin), by one seed" in verdict
    assert "One seed" in verdict


def test_a_fusion_has_to_beat_the_best_sense_now_and_at_the_next_moment_each_by_itself():
    asked = {"measure": "r2", "chance": 0.0}
    values = {
        "mass_kg": {"trained": 0.6, "random": 0.3, "best_sense": 0.5},
        "next_place_m": {"trained": 0.4, "random": 0.2, "best_sense": 0.45},
    }
    made = [
        fake_record.score(**asked, quantity=quantity, features=features, value=value)
        for quantity, own in values.items()
        for features, value in own.items()
    ]
    page = page_of(fake_record.record(made=made))
    verdict = page[page.index('<div class="verdict">') : page.index('<div class="tiles">')]
    assert "<b>0.600</b>" in verdict
    assert "the phase improves it over skipping it (best single sense)" in verdict
    assert "probes of the next moment on held-out objects: <b>0.400</b>" in verdict
    assert "<b>the phase does not improve it over skipping it (best single sense)" in verdict


def test_a_quantity_without_a_corrupted_figure_is_no_panel(one):
    """Under corruption only the class was scored: the scalar must not be drawn there."""
    section = one[one.index("<h2>Under corruption") : one.index("<h2>Diagnoses")]
    assert "<h3>Classes: shape</h3>" in section
    assert "size_m" not in section


def test_a_run_worse_than_its_twin_is_said_to_be():
    made = fake_record.scores(trained=0.55)
    assert '<span class="bad">-0.050</span>' in page_of(fake_record.record(0, made))


def test_above_a_twin_and_below_chance_is_no_improvement():
    made = [
        fake_record.score(measure="accuracy", features=features, value=value, chance=0.25)
        for features, value in (("trained", 0.2), ("random", 0.1))
    ]
    assert "<b>the phase does not improve it over skipping it (chance)</b>" in page_of(
        fake_record.record(made=made)
    )


def test_the_best_that_beats_chance_is_stressed(one):
    assert "<td class=best>0.800</td><td>0.600</td><td>0.250</td>" in one
    lost = [replace(score, value=score.chance) for score in fake_record.scores()]
    assert "class=best" not in page_of(fake_record.record(0, lost))


def test_novel_kinds_decide_where_there_are_some():
    novel = [replace(score, split="test", value=0.4) for score in fake_record.scores()]
    text = page_of(fake_record.record(0, [*fake_record.scores(), *novel]))
    assert "kinds never seen (set B): <b>0.400</b>" in text


def test_an_r2_below_nothing_counts_as_nothing_in_the_mean():
    scalar = {"quantity": "yaw", "measure": "r2", "chance": 0.0}
    made = [fake_record.score(**scalar, value=-3.0)]
    made.append(fake_record.score(**(scalar | {"quantity": "size_m"}), value=0.5))
    text = page_of(fake_record.record(0, made))
    assert "<b>0.250</b>" in text
    assert ">-3.000</td>" in text, "the table keeps the figure itself"


def test_the_command_that_judges_names_no_place_outside_the_outputs(tmp_path):
    path = tmp_path / "outputs" / "train" / "vision" / "now"
    text = page_of(replace(fake_record.record(0, []), path=path))
    assert "python -m nsca.evaluate run=outputs/train/vision/now<" in text


def test_parts_are_drawn_once_each_and_refitted_ones_not_at_all(monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "quantity_dots", lambda *arguments: drawn.append(arguments) or "")
    refit = [replace(s, split="test", protocol="refit") for s in fake_record.scores()]
    page_of(fake_record.record(0, [*fake_record.scores(), *refit]))
    assert [title for _, title, _ in drawn] == ["classes", "scalars"]


def test_a_ceiling_is_not_stressed():
    made = [*fake_record.scores(), fake_record.score(features="true_state", value=1.0)]
    text = page_of(fake_record.record(0, made))
    assert "<td>shape</td><td>accuracy</td><td class=best>0.800</td><td>1.000</td>" in text
