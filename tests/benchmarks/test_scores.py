"""Scores survive the way into a table, and have flat names that never collide."""

import fake_record
import pytest

from nsca.benchmarks.scores import Score, flat_metrics, read_table, write_table


def test_the_table_gives_back_what_was_written(tmp_path):
    scores = [
        *fake_record.scores(),
        fake_record.score(value=1 / 3, quantity='a "b", c\n', unseen=0.1),
    ]
    write_table(scores, tmp_path / "table.csv", Score)
    assert read_table(tmp_path / "table.csv", Score) == scores
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[0].startswith("split,protocol,quantity,features,measure,corruption,severity,value")


def test_an_empty_table_is_read_as_one(tmp_path):
    write_table([], tmp_path / "table.csv", Score)
    assert read_table(tmp_path / "table.csv", Score) == []


@pytest.mark.parametrize("change", [("chance", "luck"), (",unseen", ""), ("split,", "split,more,")])
def test_other_columns_are_refused(tmp_path, change):
    path = tmp_path / "table.csv"
    write_table(fake_record.scores(), path, Score)
    path.write_text(path.read_text().replace(*change, 1))
    with pytest.raises(ValueError, match=r"table\.csv has the columns"):
        read_table(path, Score)


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "table.csv").touch()
    with pytest.raises(ValueError, match="has the columns"):
        read_table(tmp_path / "table.csv", Score)


def test_a_row_that_was_cut_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    write_table(fake_record.scores(), path, Score)
    path.write_text(path.read_text()[:-12])
    with pytest.raises(ValueError, match="invalid literal"):
        read_table(path, Score)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "val/shape/trained"),
        ({"split": "test", "protocol": "refit"}, "test_refit/shape/trained"),
        ({"measure": "knn_accuracy"}, "val/shape_knn/trained"),
        ({"corruption": "fog", "severity": 3}, "val/shape/trained/fog-3"),
    ],
)
def test_names(changes: dict, name: str):
    assert fake_record.score(**changes).name == name


def test_flat_figures_hold_every_score_its_chance_and_the_means():
    second = fake_record.score(quantity="material", value=0.4, chance=0.5)
    fog = [
        fake_record.score(corruption="fog", severity=severity, value=value)
        for severity, value in ((1, 0.7), (5, 0.3))
    ]
    near = fake_record.score(measure="knn_accuracy", value=0.1)
    assert flat_metrics([fake_record.score(), second, *fog, near]) == {
        "val/shape/trained": 0.8,
        "val/shape/chance": 0.25,
        "val/material/trained": 0.4,
        "val/material/chance": 0.5,
        "val/shape/trained/fog-1": 0.7,
        "val/shape/trained/fog-5": 0.3,
        "val/shape_knn/trained": 0.1,
        "val/mean_accuracy/trained": pytest.approx(0.6),
        "val/mean_accuracy/chance": 0.375,
        "val/mean_accuracy/trained/corrupted": 0.5,
    }


def test_means_count_a_negative_r2_as_zero():
    scalar = {"measure": "r2", "chance": 0.0}
    far_off = fake_record.score(quantity="yaw", value=-3.0, **scalar)
    metrics = flat_metrics([fake_record.score(quantity="size_m", value=0.5, **scalar), far_off])
    assert metrics["val/yaw/trained"] == -3.0
    assert metrics["val/mean_r2/trained"] == 0.25
