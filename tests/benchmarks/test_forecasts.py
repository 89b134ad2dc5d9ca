import math

import pytest

from nsca.benchmarks.forecasts import Forecast, forecast_metrics


def figure(ahead: int, value: float, measure: str = "rmse") -> Forecast:
    return Forecast("val", "place_m", ahead, 0.05 * ahead, "trained", measure, value, 10)


def test_errors_over_horizons_are_squared_before_they_are_averaged():
    found = forecast_metrics([figure(1, 3.0), figure(2, 4.0)])
    assert found["val/place_m_1/trained"] == 3.0
    assert found["val/place_m/trained"] == pytest.approx(math.sqrt(12.5))


def test_other_measures_have_names_of_their_own_and_plain_means():
    rows = [
        figure(1, 3.0),
        figure(1, 0.1, "calibration_error"),
        figure(2, 0.3, "calibration_error"),
    ]
    found = forecast_metrics(rows)
    assert found["val/place_m_2_calibration_error/trained"] == 0.3
    assert found["val/place_m_calibration_error/trained"] == pytest.approx(0.2)
    assert found["val/place_m/trained"] == 3.0
    assert rows[0].samples == 10
