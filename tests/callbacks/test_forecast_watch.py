"""Errors in metres and the honesty of doubt: known for made-up errors, logged of the real ones."""

import numpy as np
import pytest
import torch
from phases.tiny_dynamics import AHEAD, PAST, tiny_data, tiny_phase
from phases.tiny_full import tiny_data as stretches
from phases.tiny_full import tiny_phase as tiny_full_phase
from phases.tiny_memory import tiny_data as tasks
from phases.tiny_memory import tiny_phase as tiny_memory_phase
from phases.tiny_vision import tiny_data as pictures
from phases.tiny_vision import tiny_phase as tiny_vision_phase
from phases.tiny_vision import tiny_trainer

from nsca.callbacks.forecast_watch import ForecastWatch, forecast_figures

NAMES = {f"{name}_{step}" for name in ("place_m", "speed_m_s") for step in range(1, AHEAD + 1)}
NAMES |= {"place_m_calibration_error", "speed_m_s_calibration_error"}


def figures(scale: float = 1.0, ahead: int = AHEAD) -> dict[str, float]:
    """Of errors that grow with the horizon, and whose doubt is right but for a factor."""
    rng = np.random.default_rng(0)
    deviation = np.broadcast_to(0.01 * np.arange(1, ahead + 1)[:, None], (4000, ahead, 13))
    return dict(forecast_figures(deviation * rng.normal(size=deviation.shape), scale * deviation))


def test_errors_are_in_metres_at_every_step():
    found = figures()
    assert found.keys() == NAMES
    for step in range(1, AHEAD + 1):
        assert found[f"place_m_{step}"] == pytest.approx(0.01 * step * 3**0.5, rel=0.05)
    assert {name for name in figures(ahead=1) if name.startswith("place_m_")} == {
        "place_m_1",
        "place_m_calibration_error",
    }


def test_honest_doubt_is_at_zero_and_a_forecast_too_sure_of_itself_is_not():
    assert figures()["place_m_calibration_error"] < 0.02
    assert 0.2 < figures(scale=1e-3)["speed_m_s_calibration_error"] <= 0.26


def test_forecasts_that_are_not_finite_have_no_figures():
    broken = np.ones((5, AHEAD, 6))
    broken[2, 0, 1] = np.nan
    assert forecast_figures(broken, np.ones_like(broken)) == []
    assert forecast_figures(np.ones_like(broken), broken) == []


@pytest.mark.parametrize(
    ("phase", "data"),
    [(tiny_phase, tiny_data), (tiny_memory_phase, tasks), (tiny_full_phase, stretches)],
)
def test_every_phase_that_foretells_logs_them_of_all_validation_batches(phase, data):
    trained, source = phase(), data()
    trainer = tiny_trainer(2, callbacks=[ForecastWatch()])
    trainer.fit(trained, datamodule=source)
    logged = {name.removeprefix("val/"): float(v) for name, v in trainer.callback_metrics.items()}
    assert logged.keys() >= NAMES
    trained.eval()
    squares = []
    for number in range(len(source.val_dataloader())):
        batch = source.val_dataloader().step_batch(number)
        batch = source.on_after_batch_transfer(batch, 0)
        with torch.no_grad():
            imagined = trained.imagined(trained.embed(batch))
        off = batch.physical[:, PAST:, :3] - imagined.physical.mean(dim=1)[..., :3]
        squares.append(off.square().sum(dim=2))
    by_hand = torch.cat(squares).mean(dim=0).sqrt()
    assert logged["place_m_1"] == pytest.approx(float(by_hand[0]), rel=1e-4)
    assert logged[f"place_m_{AHEAD}"] == pytest.approx(float(by_hand[-1]), rel=1e-4)


def test_errors_fall_while_it_learns():
    def error(steps: int) -> float:
        trainer = tiny_trainer(steps, callbacks=[ForecastWatch()])
        trainer.fit(tiny_phase(), datamodule=tiny_data())
        return float(trainer.callback_metrics[f"val/place_m_{AHEAD}"])

    assert error(80) < 0.7 * error(1)


def test_a_phase_that_foretells_nothing_is_refused():
    trainer = tiny_trainer(1, callbacks=[ForecastWatch()])
    with pytest.raises(TypeError, match="VisionPhase foretells nothing"):
        trainer.fit(tiny_vision_phase(), datamodule=pictures())
