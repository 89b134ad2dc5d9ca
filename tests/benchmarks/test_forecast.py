from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from phases.tiny_driving import Driven, driving_phase
from phases.tiny_dynamics import AHEAD, DT_S, Pushed, first_fit, tiny_data, tiny_phase
from phases.tiny_vision import MovingShapes, tiny_trainer

from nsca.benchmarks.benchmark import JudgedRun
from nsca.benchmarks.forecast import ForecastBenchmark
from nsca.benchmarks.forecast_picture import PICTURE
from nsca.benchmarks.forecasts import forecast_metrics
from nsca.errors import UserError
from nsca.objectives.imagination import Imagination
from nsca.objectives.imagined import Imagined
from nsca.phases.dynamics.module import DynamicsPhase


def judged(phase, source=None, windows: int = 400) -> dict[str, float]:
    run = JudgedRun(Path(), OmegaConf.create(), phase, source or Pushed(clips=80))
    benchmark = ForecastBenchmark(windows)
    pieces = list(benchmark.judge(run, 0, Path()))
    assert all(pieces), "every part has figures"
    return dict(benchmark.metrics([row for piece in pieces for row in piece]))


def fitted(**changes) -> DynamicsPhase:
    """Everything is known of scales, nothing of the world."""
    phase = tiny_phase(**changes)
    tiny_trainer(1, limit_val_batches=0).fit(phase, datamodule=tiny_data())
    return phase.eval()


class PushedTwice(Pushed):
    """With a test part, shorter than the others."""

    held_out = ("val", "test")

    def moments(self, split):
        return Pushed(self.clips // 2 if split == "test" else self.clips).moments(split)


class Oracle(Imagination):
    """Sees what comes, and errs by a tenth of a metre either way, which it knows."""

    said_m = 0.1
    errs_in_short_part_m = 0.1

    def forward(self, batch, by_prior=False) -> Imagined:
        found = super().forward(batch, by_prior)
        true = batch.physical[:, None, self.past :].expand_as(found.physical)
        errs_m = self.errs_in_short_part_m if len(batch) <= 120 else 0.1
        rng = np.random.default_rng(len(batch))
        noise = torch.from_numpy(rng.normal(0, errs_m, (len(batch), 1, *true.shape[2:])))
        told = (self.said_m / self.physical_change).square().log().expand_as(true)
        return found._replace(
            physical=true + noise.float().expand_as(true),
            physical_log_variance=told,
            latent=batch.latent[:, None, self.past :].expand_as(found.latent),
        )


def oracle(said_m: float) -> DynamicsPhase:
    phase = fitted()
    phase.imagination.__class__ = Oracle
    phase.imagination.said_m = said_m
    return phase


def test_an_oracle_is_at_the_top_and_its_honest_doubt_is_calibrated():
    found = judged(oracle(0.1))
    for ahead in range(1, AHEAD + 1):
        assert found[f"val/speed_m_s_{ahead}/trained"] == pytest.approx(0.1 * 3**0.5, rel=0.15)
        assert found[f"val/place_m_{ahead}_calibration_error/trained"] < 0.05
        read = [found[f"val/read_place_m_{ahead}/{name}"] for name in ("trained", "seen")]
        assert read[0] == pytest.approx(read[1])
    assert found["val/read_place_m/trained"] < found["val/read_place_m/copy_last"]


def test_of_one_thing_doubt_is_not_judged(caplog):
    found = judged(fitted(), Pushed(clips=1), windows=4)
    assert "val/place_m/trained" in found
    assert not any("calibration" in name for name in found)
    assert "one thing alone" in caplog.text


def test_doubt_that_is_too_small_is_mended_by_the_factor_of_other_objects():
    found = judged(oracle(0.01))
    assert found["val/place_m_calibration_error/trained"] > 0.1
    assert found["val/place_m_calibration_error/scaled"] < 0.05
    assert found["val/place_m_deviation/scaled"] == pytest.approx(0.1, rel=0.2)
    assert found["val/place_m_crps/scaled"] < found["val/place_m_crps/trained"]
    assert found["val/place_m_nll/scaled"] < found["val/place_m_nll/trained"]


def test_on_the_test_part_the_factor_is_that_of_val():
    phase = oracle(0.01)
    found = judged(phase, PushedTwice(clips=80))
    assert found["test/place_m_deviation/scaled"] == pytest.approx(0.1, rel=0.1)
    assert found["test/place_m_calibration_error/scaled"] < 0.05
    phase.imagination.errs_in_short_part_m = 0.5
    found = judged(phase, PushedTwice(clips=80))
    assert found["val/place_m_calibration_error/scaled"] < 0.05
    assert found["test/place_m_deviation/scaled"] == pytest.approx(0.1, rel=0.1)
    assert found["test/place_m_calibration_error/scaled"] > 0.1


def test_all_of_the_test_part_is_judged():
    run = JudgedRun(Path(), OmegaConf.create(), oracle(0.1), PushedTwice(clips=80))
    rows = [row for piece in ForecastBenchmark(400).judge(run, 0, Path()) for row in piece]
    counts = {
        (row.split, row.measure == "rmse"): row.windows
        for row in rows
        if row.forecaster == "trained"
    }
    assert counts == {
        ("val", True): 240,
        ("val", False): 120,
        ("test", True): 120,
        ("test", False): 120,
    }


def test_without_a_test_part_the_log_says_what_is_judged(caplog):
    judged(fitted())
    assert "no test part: val" in caplog.text
    caplog.clear()
    judged(fitted(), PushedTwice(clips=20))
    assert "no test part" not in caplog.text


def test_the_linear_map_is_that_which_a_run_without_a_step_stands_on():
    """The same features, windows and strength, however few windows are judged."""
    source = Pushed(clips=60)
    found = judged(first_fit(source).eval(), source, windows=20)
    for name in (name for name in found if name.endswith("/linear")):
        ours = found[name.replace("/linear", "/trained")]
        assert found[name] == pytest.approx(ours, rel=1e-4, abs=1e-6)
    assert found["val/place_m/linear"] < 0.02 * found["val/place_m/copy_last"]


def test_the_baselines_are_what_they_are_called():
    source = Pushed(clips=80)
    found = judged(fitted(), source)
    moments = source.moments("val")
    clips = moments.physical.reshape(80, -1, 6)
    change = np.square(clips[:, 1:, 3:] - clips[:, :-1, 3:]).sum(-1).mean() ** 0.5
    assert found["val/speed_m_s_1/copy_last"] == pytest.approx(change, rel=0.15)
    assert found["val/speed_m_s_1/inertia"] == found["val/speed_m_s_1/copy_last"]
    assert found["val/place_m_1/inertia"] < 1e-5, "the gain of a step moves nothing in that step"
    assert found["val/place_m_1/prior"] == pytest.approx(found["val/place_m_1/inertia"], abs=1e-6)
    assert found["val/place_m_2/inertia"] > 0.5 * change * DT_S


def test_windows_are_of_so_many_clips_as_are_needed_and_the_same_again():
    one, again = (judged(fitted(), windows=10) for _ in range(2))
    assert one == again
    rows = next(
        ForecastBenchmark(10).judge(
            JudgedRun(Path(), OmegaConf.create(), fitted(), Pushed()), 0, Path()
        )
    )
    assert {row.windows for row in rows if row.measure == "rmse"} == {10}
    assert forecast_metrics(rows).keys() <= one.keys()


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(UserError, match="one sense alone"):
        judged(fitted(), MovingShapes())
    with pytest.raises(UserError, match="windows=3"):
        ForecastBenchmark(3)
    broken = fitted()
    with torch.no_grad():
        broken.imagination.dynamics.networks[0][-1].bias.fill_(torch.nan)
    with pytest.raises(UserError, match="diverged"):
        judged(broken)


def test_what_drives_is_judged_in_its_own_frame_beside_a_linear_map(tmp_path):
    phase, data = driving_phase(), tiny_data(source=Driven(), effective_batch=64)
    tiny_trainer(1, limit_val_batches=0).fit(phase, datamodule=data)
    run = JudgedRun(tmp_path, OmegaConf.create(), phase.eval(), Driven())
    pieces = list(ForecastBenchmark(400).judge(run, 0, tmp_path))
    benchmark = ForecastBenchmark(400)
    found = benchmark.metrics([row for piece in pieces for row in piece])
    assert found["val/place_m_4/copy_last"] > 1, "a car is gone in 0.2 s"
    assert found["val/place_m_4/inertia"] < 0.2
    assert found["val/place_m_4/linear"] < 0.1 * found["val/place_m_4/inertia"]
    assert not any("read_place" in name for name in found)
    assert (tmp_path / PICTURE).is_file()
