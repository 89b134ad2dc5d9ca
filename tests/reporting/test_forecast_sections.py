"""Forecasts on a page: numbers in centimetres, what needs no training once, nothing without any."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from nsca.benchmarks.forecast_picture import PICTURE
from nsca.benchmarks.forecasts import Forecast
from nsca.reporting.forecast_sections import foretelling, sentences
from nsca.reporting.run_record import RunRecord


def figures(error_m: float, calibration: float = 0.02) -> list[Forecast]:
    found = []
    for ahead in (1, 2):
        where = {"split": "val", "ahead": ahead, "seconds": 0.05 * ahead, "windows": 9}
        for quantity in ("place_m", "speed_m_s", "read_place_m"):
            names = {"trained": error_m, "copy_last": 0.04, "prior": 0.03}
            found += [
                Forecast(
                    **where, quantity=quantity, forecaster=name, measure="rmse", value=ahead * v
                )
                for name, v in names.items()
            ]
        found += [
            Forecast(
                **where,
                quantity="place_m",
                forecaster=name,
                measure="calibration_error",
                value=value,
            )
            for name, value in (("trained", 0.2), ("scaled", calibration))
        ]
    return found


def record(path: Path, forecasts: list[Forecast]) -> RunRecord:
    return RunRecord(
        path, {"seed": 0}, OmegaConf.create(), {}, path, {}, (), (), (), tuple(forecasts)
    )


def test_a_sentence_gives_the_farthest_horizon_in_centimetres():
    (text,) = sentences(figures(0.01))
    assert "places 0.1 s ahead on held-out objects: off by <b>2.00 cm</b>" in text
    assert "the last state, kept 8.00, the prior alone 6.00" in text
    assert text.endswith("0.020.")
    (several,) = sentences(figures(0.01) + figures(0.02))
    assert "3.00 ± 1.00 cm" in several
    assert sentences([]) == []


def test_the_sentence_says_what_the_factor_was_fitted_on():
    (whole,) = sentences(figures(0.01))
    assert "after scaling on held-out objects" in whole
    halved = [
        replace(f, windows=4) if f.measure == "calibration_error" else f for f in figures(0.01)
    ]
    assert "after scaling on the other half" in sentences(halved)[0]
    both = halved + [replace(f, split="test") for f in figures(0.01)]
    assert "after scaling on held-out objects, mean" in sentences(both)[1]


def test_where_doubt_was_not_judged_nothing_is_said_of_it():
    (text,) = sentences([f for f in figures(0.01) if f.measure == "rmse"])
    assert "calibration" not in text
    assert text.endswith("the phase improves it over skipping it (the prior alone), by one seed.")


def test_where_the_run_went_on_from_trained_dynamics_these_have_to_be_beaten():
    def beside(before_m: float) -> str:
        here = [f for f in figures(0.01) if f.measure == "rmse"]
        before = [replace(f, forecaster="before") for f in here if f.forecaster == "trained"]
        (text,) = sentences([*here, *(replace(f, value=before_m * f.ahead) for f in before)])
        return text

    assert "the phase improves it over skipping it (before this phase)" in beside(0.011)
    assert "<b>the phase does not improve it over skipping it (before" in beside(0.009)


def test_data_without_a_test_part_is_named(tmp_path):
    page = foretelling({"a": [record(tmp_path, figures(0.01))]})
    assert "no test part" in page
    both = [*figures(0.01), *(replace(f, split="test") for f in figures(0.01))]
    assert "no test part" not in foretelling({"a": [record(tmp_path, both)]})


def test_conditions_share_what_needs_no_training(tmp_path):
    one, other = (record(tmp_path, figures(error)) for error in (0.01, 0.02))
    page = foretelling({"prior=physics": [one], "prior=none": [other]})
    assert page.count("prior=physics") >= 1
    assert page.count("the last state, kept") == 1
    assert "What it foretells" in page


def test_the_picture_of_the_first_judged_run_is_shown(tmp_path):
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / PICTURE)
    page = foretelling({"a": [record(tmp_path, [])], "b": [record(tmp_path, figures(0.01))]})
    assert page.count("data:image/png;base64") == 1


@pytest.mark.parametrize("grouped", [{}, {"a": []}])
def test_without_forecasts_there_is_nothing(grouped):
    assert foretelling(grouped) == ""


def test_of_what_drives_the_parts_are_stretches_and_no_latent_is_read():
    driven = [f for f in figures(0.01) if f.quantity != "read_place_m"]
    (line,) = sentences(driven)
    assert "on stretches held out for validation" in line
    assert "held-out objects" in sentences(figures(0.01))[0]
