"""Two processes take the steps of one. Both really run: see two_ranks.py."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from two_ranks import STEPS

from nsca.errors import UserError
from nsca.ranks import Ranks

Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Found, Found, Found]:
    """What a process alone found, and what rank 0 and rank 1 did."""
    folder = tmp_path_factory.mktemp("ranks")
    script = Path(__file__).parent / "two_ranks.py"
    subprocess.run([sys.executable, str(script), str(folder)], check=True)
    alone, first, second = (
        torch.load(folder / f"{who}.pt", weights_only=True) for who in ("alone", 0, 1)
    )
    return alone, first, second


@pytest.mark.parametrize("name", STEPS)
def test_two_processes_have_the_loss_and_the_gradient_of_one(name: str, found):
    alone, first, second = (each[name] for each in found)
    assert first["metrics"] == pytest.approx(alone["metrics"], rel=1e-5)
    assert first["metrics"] == second["metrics"]
    assert first["gradients"].keys() == alone["gradients"].keys() != set()
    whole, shared, other = (
        torch.cat([g.flatten() for g in each["gradients"].values()])
        for each in (alone, first, second)
    )
    assert (shared - whole).norm() / whole.norm() < 1e-5
    assert torch.equal(shared, other)


def test_a_step_of_memory_replays_and_is_anchored(found):
    metrics = found[0]["memory"]["metrics"]
    assert metrics["train/replay"] > 0
    assert metrics["train/ewc"] > 0


def test_a_stream_of_tasks_leaves_the_same_memory_in_both(found):
    alone, first, second = (each["stream"] for each in found)
    assert int(alone["stages_done"]) == 2
    assert [name for name in first if not torch.equal(first[name], second[name])] == []
    for name in ("store.latent", "store.physical", "store.action", "store.task", "store.offered"):
        assert torch.equal(first[name], alone[name]), name
    for name in ("anchors.fisher", "anchors.place", "errors", "imagination.prototypes.keys"):
        assert (first[name] - alone[name]).norm() / alone[name].norm() < 1e-3, name


def test_a_parameter_that_nothing_reads_has_no_gradient(found):
    assert "spare" not in found[1]["anchored"]["gradients"]


@pytest.mark.parametrize("place", ["embed", "backward", "losses"])
def test_when_one_runs_out_of_memory_both_take_the_step_again(place: str, found):
    _, first, second = found
    for rank in (first, second):
        tight, small = rank[f"heavy {place}"], rank["light"]
        assert tight["micro_batch"] == 1
        assert torch.equal(tight["weights"], small["weights"])


def test_a_step_that_is_not_finite_on_one_is_skipped_on_both(found):
    _, first, second = (each.get("poisoned") for each in found)
    assert first["skipped"] == second["skipped"] == 1
    assert torch.equal(first["weights"], second["weights"])
    assert torch.isfinite(first["weights"]).all()


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_shares_cover_a_batch_and_differ_by_a_sample_at_most(count: int):
    shares = [Ranks(rank, count, torch.device("cpu")).share(13) for rank in range(count)]
    assert [row for start, stop in shares for row in range(start, stop)] == list(range(13))
    sizes = {stop - start for start, stop in shares}
    assert max(sizes) - min(sizes) <= 1


def test_fewer_samples_than_devices_are_refused():
    with pytest.raises(
        UserError, match=r"3 samples has none for some of 4.*fewer hardware\.devices"
    ):
        Ranks(0, 4, torch.device("cpu")).share(3)


def test_one_rank_alone_exchanges_nothing():
    alone, rows = Ranks(0, 1, torch.device("cpu")), torch.ones(3, 2)
    assert alone.spread(rows, 3) is rows
    alone.fill([rows])
    alone.follow_first([rows])
    assert alone.most(4, 0) == [4, 0]
