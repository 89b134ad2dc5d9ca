"""The average is validated, kept and resumed; training goes on from the weights themselves."""

from pathlib import Path

import pytest
import torch
from callbacks.validated_line import Line, fit_line
from phases.tiny_vision import tiny_data, tiny_phase, tiny_trainer

from nsca.callbacks.online_probes import OnlineProbes
from nsca.callbacks.weight_average import WeightAverage, decay_after
from nsca.checkpoint import checkpoints_of, read_checkpoint

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated"),
    pytest.mark.filterwarnings("ignore:.*your dataloader is not resumable"),
]


def means(weights: list[float], decay: float) -> list[float]:
    """The average after each step, as its definition says."""
    found = [weights[0]]
    for steps, weight in enumerate(weights[1:], start=1):
        kept = min(decay, (1 + steps) / (10 + steps))
        found.append(kept * found[-1] + (1 - kept) * weight)
    return found


TRAINED = [1 - 0.01 * step for step in range(1, 21)]


def test_the_memory_grows_to_the_decay():
    assert decay_after(1, 0.999) == pytest.approx(2 / 11)
    assert decay_after(10_000, 0.999) == pytest.approx(0.999)
    assert decay_after(50, 0.5) == 0.5


def test_the_average_is_validated_and_kept_and_the_weights_are_trained(tmp_path: Path):
    line = Line([1.0] * 4)
    fit_line(tmp_path, line, [WeightAverage(0.6)])
    expected = means(TRAINED, 0.6)
    assert line.validated == pytest.approx([expected[step - 1] for step in (5, 10, 15, 20)])
    kept = read_checkpoint(checkpoints_of(tmp_path)[0])
    assert kept["state_dict"]["weight"].item() == pytest.approx(expected[-1])
    assert kept["current_model_state"]["weight"].item() == pytest.approx(TRAINED[-1])
    assert line.weight.item() == pytest.approx(expected[-1]), "what a run ends with"


def test_a_resumed_average_is_the_same(tmp_path: Path):
    fit_line(tmp_path / "whole", Line([1.0] * 4), [WeightAverage(0.9)])
    begun = tmp_path / "begun"
    fit_line(begun, Line([1.0] * 2), [WeightAverage(0.9)], max_steps=13)
    resumed = [WeightAverage(0.9)]
    fit_line(begun, Line([1.0] * 2), resumed, checkpoint=checkpoints_of(begun)[0])
    ends = [read_checkpoint(checkpoints_of(run)[0]) for run in (begun, tmp_path / "whole")]
    for key in ("state_dict", "current_model_state"):
        assert torch.equal(*(end[key]["weight"] for end in ends))
    assert ends[0]["averaging_state"] == ends[1]["averaging_state"]


def test_probes_see_the_average_and_caching_of_gradients_does_not():
    """Whether the average keeps nothing or much, training is the same."""
    found = []
    for decay in (1e-9, 0.9):
        phase = tiny_phase(micro_batch=8)
        probes = OnlineProbes(fit_rows=32, score_rows=32, seed=0)
        trainer = tiny_trainer(6, callbacks=[probes, WeightAverage(decay)])
        trainer.fit(phase, datamodule=tiny_data())
        found.append({name: float(v) for name, v in trainer.callback_metrics.items()})
    now, averaged = found
    assert now["train/loss"] == averaged["train/loss"]
    assert now["val/loss"] != averaged["val/loss"]
    assert now["val/embedding_std"] != averaged["val/embedding_std"]
