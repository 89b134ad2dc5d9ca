"""Hidden properties: all of them, of the objects that are asked for, and nothing else."""

import types
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from nsca.data.generation_plan import GenerationPlan
from nsca.data.privileged import hidden_properties
from nsca.errors import UserError


def test_every_object_has_the_properties_that_it_was_made_with(
    babbling_set: Path, plan: GenerationPlan, synthetic_world: types.ModuleType
) -> None:
    properties = hidden_properties(babbling_set, "train")
    made = [
        synthetic_world.run_episode(plan.seed, episode, "A", 2, False, None).objects[0]
        for episode in range(12)
    ]
    assert properties == {thing.instance_id: thing.hidden for thing in made}
    assert properties["A-3-0"]["break_impulse_n_s"] == float("inf")


@pytest.mark.parametrize(("split", "objects"), [("train", 12), ("val", 5), ("test", 7)])
def test_objects_of_a_split_are_those_of_its_observations(
    babbling_set: Path, split: str, objects: int
) -> None:
    files = sorted((babbling_set / "observations").glob(f"{split}-*.parquet"))
    seen = {
        name
        for file in files
        for names in pq.read_table(file, columns=["instance_ids"])["instance_ids"].to_pylist()
        for name in names
    }
    properties = hidden_properties(str(babbling_set), split)
    assert set(properties) == seen
    assert len(properties) == objects
    assert all(0 <= row["hardness"] <= 1 for row in properties.values())


def test_a_broken_file_is_named(babbling_set: Path, tmp_path: Path) -> None:
    (babbling_set / "privileged" / "val-00000.parquet").write_bytes(b"")
    with pytest.raises(UserError, match=r"privileged/val-00000\.parquet cannot be read"):
        hidden_properties(babbling_set, "val")
    with pytest.raises(UserError, match="there is no data set"):
        hidden_properties(tmp_path / "nowhere", "val")
