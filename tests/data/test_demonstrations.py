"""Demonstrations on disk: what was stored comes back, and what is damaged is refused by name."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from data.synthetic_demonstrations import CONFIGURATION, forge, stored, synthetic

from nsca.data.demonstrations import (
    SCHEMA,
    Demonstration,
    demonstration_table,
    load_demonstrations,
    store_demonstrations,
)
from nsca.errors import UserError

ARRAYS = ("observations", "actions", "rewards", "success")


@pytest.fixture
def pushing(tmp_path: Path) -> Path:
    return stored(tmp_path / "set")


def assert_same(found: list[Demonstration], wanted: list[Demonstration]) -> None:
    for one, other in zip(found, wanted, strict=True):
        assert (one.task, one.seed, one.first_success) == (
            other.task,
            other.seed,
            other.first_success,
        )
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
            assert getattr(one, name).dtype == getattr(other, name).dtype


def test_what_was_stored_comes_back(pushing: Path) -> None:
    found = load_demonstrations(pushing, task="push")
    assert_same(found, synthetic())
    assert [each.first_success for each in found] == [5, 6, 7]
    assert found[0].observations.flags.writeable  # a tensor of it warns otherwise
    assert_same(load_demonstrations(str(pushing)), synthetic())
    assert sorted(file.name for file in pushing.iterdir()) == [
        "README.md",
        "demonstrations.parquet",
        "manifest.json",
    ]


def test_datasets_opens_it_with_shapes(pushing: Path) -> None:
    import datasets

    by_file = datasets.load_dataset(
        "parquet", data_files=str(pushing / "demonstrations.parquet"), split="train"
    )
    by_card = datasets.load_dataset(str(pushing), split="train")
    for opened in (by_file, by_card):
        assert opened.column_names == SCHEMA.names
        for row, wanted in zip(opened, synthetic(), strict=True):
            assert (row["task"], row["seed"]) == (wanted.task, wanted.seed)
            for name in ARRAYS:
                np.testing.assert_array_equal(np.array(row[name]), getattr(wanted, name))


def test_equal_demonstrations_are_equal_files_wherever_they_lie(tmp_path: Path) -> None:
    first, second = stored(tmp_path / "a"), stored(tmp_path / "b")
    for name in ("demonstrations.parquet", "manifest.json", "README.md"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_the_manifest_says_what_a_set_is(pushing: Path) -> None:
    manifest = json.loads((pushing / "manifest.json").read_text())
    assert manifest["configuration"] == CONFIGURATION
    assert manifest["reward_version"] == "v2"
    assert manifest["episodes"] == {"tried": 4, "failed": 1, "success_rate": 0.75}
    assert manifest["steps"] == {"all": 24, "shortest": 7, "longest": 9}
    assert manifest["file"]["rows"] == 3


def test_what_could_not_be_read_is_not_written(tmp_path: Path) -> None:
    whole = synthetic(2)
    broken = Demonstration(**(vars(whole[1]) | {"rewards": whole[1].rewards * np.float32("nan")}))
    with pytest.raises(ValueError, match="demonstration 1 holds NaN"):
        store_demonstrations(tmp_path, [whole[0], broken], CONFIGURATION, 2)
    assert list(tmp_path.iterdir()) == []


def test_a_set_of_another_task_is_refused(pushing: Path) -> None:
    with pytest.raises(UserError, match=r"of push-v3, not of pick-place-v3") as failure:
        load_demonstrations(pushing, task="pick-place")
    assert "demonstrate pick-place-v3" in failure.value.remedy


def test_a_path_that_is_no_set_is_refused(tmp_path: Path) -> None:
    for path, cause in ((tmp_path / "gone", "no demonstrations at"), (tmp_path, "not a set")):
        with pytest.raises(UserError, match=cause) as failure:
            load_demonstrations(path)
        assert str(path) in failure.value.cause
        assert "nsca.data demonstrate" in failure.value.remedy


def cut(values: list) -> list:
    return values[:-1]


def spoilt(number: float):
    def change(rows: list) -> list:
        nested = isinstance(rows[2], list)
        return [*rows[:2], [number, *rows[2][1:]] if nested else number, *rows[3:]]

    return change


@pytest.mark.parametrize(
    ("column", "change", "said"),
    [
        ("observations", spoilt(float("nan")), "holds NaN or infinity in its observations"),
        ("actions", spoilt(float("inf")), "holds NaN or infinity in its actions"),
        ("rewards", spoilt(float("-inf")), "holds NaN or infinity in its rewards"),
        ("rewards", spoilt(None), "holds NaN or infinity in its rewards"),
        ("actions", spoilt(1.5), "holds actions beyond -1 and 1"),
        ("observations", cut, "8 actions, but 8 observations"),
        ("actions", cut, "7 actions, but 9 observations"),
        ("rewards", cut, "7 rewards"),
        ("success", cut, "7 successes"),
        ("actions", lambda _: [], "has 0 actions"),
        ("actions", lambda _: None, "has 0 actions"),
        ("success", lambda rows: [False] * len(rows), "has no success"),
        ("task", lambda _: "reach-v3", "is of reach-v3"),
    ],
)
def test_a_broken_demonstration_is_named(pushing: Path, column, change, said: str) -> None:
    forge(pushing, 1, column, change)
    with pytest.raises(UserError) as failure:
        load_demonstrations(pushing)
    assert f"{pushing / 'demonstrations.parquet'}: demonstration 1 " in failure.value.cause
    assert said in failure.value.cause
    assert f"--path {pushing}" in failure.value.remedy


@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped", "not parquet", "columns"])
def test_a_damaged_file_is_refused(pushing: Path, damage: str) -> None:
    path = pushing / "demonstrations.parquet"
    content = path.read_bytes()
    said = "its checksum is not the manifest's"
    if damage == "missing":
        path.unlink()
        said = "is missing"
    elif damage in ("truncated", "flipped"):
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        path.write_bytes(content[:-9] if damage == "truncated" else flipped)
    else:
        if damage == "columns":
            pq.write_table(demonstration_table(synthetic()).drop_columns(["rewards"]), path)
            said = "other columns than schema version 1"
        else:
            path.write_bytes(b"PAR1 no more")
            said = "cannot be read"
        from nsca.data.babbling_store import sha256_of

        manifest = json.loads((pushing / "manifest.json").read_text())
        manifest["file"]["sha256"] = sha256_of(path)
        (pushing / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match=said) as failure:
        load_demonstrations(pushing)
    assert str(path) in failure.value.cause
    assert "\n" not in failure.value.cause
    assert "demonstrate push-v3" in failure.value.remedy
