"""What a fusion run's own sections show; and words where data or weights are gone."""

from dataclasses import replace

import fake_run
import pytest

from nsca.reporting import sense_plots
from nsca.reporting.model_senses import data_section, model_section
from nsca.reporting.run_record import RunRecord, read_run


@pytest.fixture(scope="module")
def record(tmp_path_factory) -> RunRecord:
    place = tmp_path_factory.mktemp("senses")
    data = fake_run.write_recordings(place / "recordings", train=3, val=2)
    return read_run(fake_run.write_fusion_run(data, place / "outputs", 1, "data.pairing=label"))


def test_training_pictures_are_shown(record):
    assert "9 of 9 training clips" in data_section(record, seed=0)


def test_attention_is_drawn_with_all_senses_and_with_each_lost(record):
    text = model_section(record, seed=0)
    assert "on 12 held-out moments (val)" in text
    assert text.count("<svg") == 2
    for name in ("Trained", "Untrained twin", "all senses", "without vision", "without audio"):
        assert name in text
    assert "proprioception" not in text, "the data has none"


def test_shares_are_of_the_senses_that_are_left(record, monkeypatch):
    drawn = []
    monkeypatch.setattr(sense_plots, "attention_bars", lambda shares, _: drawn.append(shares) or "")
    model_section(record, seed=0)
    for shares in drawn:
        assert {way: set(own) for way, own in shares.items()} == {
            "all senses": {"vision", "audio", "nothing"},
            "without vision": {"audio", "nothing"},
            "without audio": {"vision", "nothing"},
        }
        assert [sum(own.values()) for own in shares.values()] == pytest.approx([1, 1, 1])
    trained, untrained = drawn
    assert trained != untrained


def test_what_is_gone_is_named(record, tmp_path):
    config = record.config.copy()
    config.data.path = str(tmp_path / "gone")
    lost = replace(record, config=config)
    for section in (data_section(lost, 0), model_section(lost, 0)):
        assert "Not shown: " in section
        assert "does not exist" in section


def test_a_run_of_another_phase_has_no_such_section(tmp_path):
    data = fake_run.write_sounds(tmp_path / "sounds", train=2, val=2)
    run = read_run(fake_run.write_audio_run(data, tmp_path / "outputs", seed=1))
    assert "Not shown: the run fuses no senses" in model_section(run, 0)
