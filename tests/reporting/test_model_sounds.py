"""Sounds to hear, guesses of the decoder, neighbours; and words where data or weights are gone."""

import shutil
from dataclasses import replace
from pathlib import Path

import fake_run
import pytest

from nsca.reporting.model_sounds import data_section, model_section
from nsca.reporting.run_record import RunRecord, read_run


@pytest.fixture(scope="module")
def record(tmp_path_factory) -> RunRecord:
    place = tmp_path_factory.mktemp("sounds")
    data = fake_run.write_sounds(place / "sounds", train=6, val=4)
    return read_run(fake_run.write_audio_run(data, place / "outputs", seed=1))


def test_training_sounds_can_be_heard(record):
    text = data_section(record, seed=0)
    assert "Some of the louder half of 18 sounds of 0.5 s" in text
    assert text.count("<audio") == text.count("data:image/png") == 8


def test_the_decoders_guess_and_the_neighbours_are_shown(record):
    text = model_section(record, seed=0)
    assert "What its features still say" in text
    assert "dB on average" in text
    assert text.count('class="query"') == 2 * 6
    assert "Green: the same label" in text
    trained, untrained = text[text.index("<h3>Trained") :].split("<h3>Untrained twin")
    # Held are the initial weights, so that both sides must show the same.
    assert trained.count('class="match"') == untrained.count('class="match"') > 0


def test_what_is_gone_is_named(record, tmp_path):
    config = record.config.copy()
    config.data.path = str(tmp_path / "gone")
    lost = replace(record, config=config)
    for section in (data_section(lost, 0), model_section(lost, 0)):
        assert "Not shown: " in section
        assert "does not exist" in section
    empty = Path(shutil.copytree(record.path, tmp_path / "run"))
    shutil.rmtree(empty / "checkpoints")
    assert "no intact checkpoint" in model_section(replace(record, path=empty), 0)
