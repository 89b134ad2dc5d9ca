"""Pictures of data and weights, and words where one of the two is gone."""

import shutil
from dataclasses import replace
from pathlib import Path

import fake_run
import pytest

import nsca
from nsca.checkpoint import checkpoint_path, read_checkpoint, write_checkpoint
from nsca.reporting.model_pictures import data_section, model_section
from nsca.reporting.run_record import RunRecord, read_run


@pytest.fixture(scope="module")
def record(tmp_path_factory) -> RunRecord:
    place = tmp_path_factory.mktemp("pictures")
    data = fake_run.write_pictures(place / "photos", train=4, val=3)
    return read_run(fake_run.write_run(data, place / "outputs", seed=1))


@pytest.fixture(scope="module")
def shown(record) -> str:
    return model_section(record, seed=0)


def test_training_pictures_are_shown_on_one_sheet(record):
    text = data_section(record, seed=0)
    assert "12 of 12 training clips (12 frames)" in text
    assert text.count("data:image/webp") == 1
    assert "<audio" not in text, "photographs do not sound"


def test_neighbours_of_held_out_pictures_trained_and_not(shown):
    assert shown.count('class="query"') == 2 * 6
    trained, untrained = shown[shown.index("<h3>Trained") :].split("<h3>Untrained twin")
    assert 'class="match"' in trained
    # Held are the initial weights, so that both sides must show the same.
    assert trained.count('class="match"') == untrained.count('class="match"')
    assert "Green: the same label" in shown


def test_filters_say_whether_they_were_learned(shown):
    filters = shown[shown.index("<h2>Filters</h2>") :]
    assert "fixed" in filters
    assert "data:image/png" in filters
    assert "learned" not in filters


def test_learned_filters_say_how_far_training_moved_them(record, tmp_path):
    data = Path(record.config.data.path)
    run = fake_run.write_run(data, tmp_path, 1, "model.vision.gabor=learned")
    assert "learned, moved by 0.0% of its norm" in model_section(read_run(run), 0)
    file = checkpoint_path(run, 100)
    content = read_checkpoint(file)
    learned = nsca.load(run).encoder.stem.named_parameters()
    banks = [name for name, value in learned if value.ndim == 4 and value.shape[-1] >= 5]
    assert banks
    for name in banks:
        content["state_dict"][f"encoder.stem.{name}"] *= 1.5
    write_checkpoint(content, file)
    shown = model_section(read_run(run), 0)
    assert shown.count("learned, moved by 50.0% of its norm</figcaption>") == len(banks)


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
