"""Validation of demonstrations: silent on a good set, one line for every kind of damage."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from data.synthetic_demonstrations import change_manifest, forge, stored

from nsca.data.demonstration_manifest import TABLE
from nsca.data.demonstration_validation import demonstration_problems
from nsca.errors import UserError


@pytest.fixture
def pushing(tmp_path: Path) -> Path:
    return stored(tmp_path / "set")


def test_a_good_set_has_no_problems(pushing: Path) -> None:
    assert list(demonstration_problems(pushing)) == []


def test_no_set_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a set of demonstrations"):
        list(demonstration_problems(tmp_path))


def test_damaged_and_strange_files_are_named(pushing: Path) -> None:
    shutil.copy(pushing / TABLE, pushing / "more.parquet")
    content = bytearray((pushing / TABLE).read_bytes())
    content[100] ^= 1
    (pushing / TABLE).write_bytes(content)
    strange, damaged = demonstration_problems(pushing)
    assert strange == f"{pushing / 'more.parquet'}: not in the manifest"
    assert damaged == f"{pushing / TABLE}: its checksum is not the manifest's"
    (pushing / TABLE).unlink()
    assert list(demonstration_problems(pushing))[1:] == [f"{pushing / TABLE}: missing"]


@pytest.mark.parametrize(
    ("column", "change", "said"),
    [
        ("rewards", lambda old: [float("nan"), *old[1:]], "holds NaN or infinity in its rewards"),
        ("observations", lambda old: old[1:], "but 8 observations"),
        ("task", lambda _: "reach-v3", "is of reach-v3"),
        ("success", lambda old: [True, *old[1:]], "has 8 steps, not 3"),
    ],
)
def test_a_broken_demonstration_is_named(pushing: Path, column, change, said: str) -> None:
    forge(pushing, 1, column, change)
    (problem,) = demonstration_problems(pushing)
    assert problem.startswith(f"{pushing / TABLE}: demonstration 1 ")
    assert said in problem


def test_several_problems_are_several_lines(pushing: Path) -> None:
    forge(pushing, 0, "rewards", lambda old: old[1:])
    forge(pushing, 2, "actions", lambda old: [[2.0] * 4, *old[1:]])
    assert [line.split("demonstration ")[1][0] for line in demonstration_problems(pushing)] == [
        "0",
        "2",
    ]


@pytest.mark.parametrize(
    ("part", "key", "value", "said"),
    [
        ("configuration", "count", 4, "3 demonstrations, the manifest says 4"),
        ("episodes", "failed", 0, "4 episodes of which 0 failed"),
        ("configuration", "seed", 6, "not those of seed 6"),
        ("configuration", "steps_after_success", 9, "has 7 steps, not 14"),
        ("file", "rows", 2, "3 rows, the manifest says 2"),
    ],
)
def test_a_manifest_that_does_not_fit_is_named(pushing: Path, part, key, value, said) -> None:
    change_manifest(pushing, part, key, value)
    assert any(said in problem for problem in demonstration_problems(pushing))


def test_episodes_in_another_order_are_noticed(pushing: Path) -> None:
    seeds = pq.read_table(pushing / TABLE)["seed"].to_pylist()
    forge(pushing, 0, "seed", lambda _: seeds[1])
    forge(pushing, 1, "seed", lambda _: seeds[0])
    (problem,) = demonstration_problems(pushing)
    assert "not those of seed 5 in their order" in problem
