"""When a run ends early, and that a resumed one ends where it would have."""

from pathlib import Path

import pytest
import torch
from callbacks.validated_line import Line, fit_line

from nsca.callbacks.checkpointing import figures_of
from nsca.callbacks.early_stop import EarlyStop
from nsca.checkpoint import checkpoints_of, read_checkpoint, read_header
from nsca.errors import UserError

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated"),
    pytest.mark.filterwarnings("ignore:.*your dataloader is not resumable"),
]


def stop(patience: int = 2, min_change: float = 0.0, mode: str = "min") -> EarlyStop:
    return EarlyStop(patience, min_change, "val/loss", mode)


def steps(run: Path) -> list[int]:
    return [read_header(path).step for path in checkpoints_of(run)]


@pytest.mark.parametrize(
    ("figures", "settings", "last"),
    [
        ([3.0, 1.0, 2.0, 1.0], {}, 20),
        ([3.0, 2.0, 1.0, 0.5], {}, 20),
        ([1.0, 2.0, 3.0, 0.5], {}, 15),
        ([1.0, 2.0, 3.0, 4.0], {"mode": "max"}, 20),
        ([3.0, 2.9, 2.8, 2.7], {"min_change": 0.5}, 15),
        ([3.0, float("nan"), 1.0, 1.0], {}, 10),
    ],
)
def test_a_run_ends_when_patience_does(tmp_path: Path, figures, settings, last: int, capsys):
    fit_line(tmp_path, Line(figures), [stop(**settings)])
    assert steps(tmp_path)[0] == last
    early = "stopped early at step" in capsys.readouterr().err
    assert early == (last < 20 or figures[-1] == 1.0)


def test_the_best_checkpoint_is_kept(tmp_path: Path, capsys):
    fit_line(tmp_path, Line([1.0, 2.0, 3.0, 0.5]), [stop()])
    assert steps(tmp_path) == [15, 12, 5]
    assert list(figures_of(tmp_path).values()) == [1.0, 3.0]
    assert "val/loss has not improved in 2 validations (best 1)" in capsys.readouterr().err


def test_patience_goes_on_where_it_stood(tmp_path: Path):
    fit_line(tmp_path / "whole", Line([1.0, 2.0, 3.0, 0.5]), [stop()])
    begun = tmp_path / "begun"
    fit_line(begun, Line([1.0, 2.0]), [stop()], max_steps=12)
    fit_line(begun, Line([3.0, 0.5]), [stop()], checkpoint=checkpoints_of(begun)[0])
    assert steps(begun)[0] == steps(tmp_path / "whole")[0] == 15
    ends = [read_checkpoint(checkpoints_of(run)[0]) for run in (begun, tmp_path / "whole")]
    ((one,), (other,)) = (end["callbacks"].values() for end in ends)
    assert (one["wait_count"], one["best_score"]) == (other["wait_count"], other["best_score"])
    assert torch.equal(*(end["state_dict"]["weight"] for end in ends))


def test_a_run_that_has_stopped_takes_no_further_step(tmp_path: Path):
    fit_line(tmp_path, Line([1.0, 2.0, 3.0]), [stop()])
    again = Line([])
    fit_line(tmp_path, again, [stop()], checkpoint=checkpoints_of(tmp_path)[0])
    assert again.steps_taken == 0


def test_a_figure_that_is_not_logged_is_named(tmp_path: Path):
    wrong = EarlyStop(2, 0.0, "val/lss", "min")
    with pytest.raises(UserError, match="val/lss") as error:
        fit_line(tmp_path, Line([1.0] * 4), [wrong])
    assert "val/loss" in error.value.remedy
