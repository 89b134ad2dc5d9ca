"""Plots show the data they were given, in the page's colours."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import fake_record
import numpy as np
import pytest

from nsca.reporting.plots import (
    COLOURS,
    FURTHER_COLOURS,
    INK,
    colour_of,
    learning_curves,
    legend,
    panels,
    quantity_dots,
    robustness,
)

CURVE = np.array([[0.0, 2.0], [10.0, 1.5], [20.0, 1.2]])


@pytest.fixture(scope="module")
def dots() -> str:
    return quantity_dots(fake_record.scores(), "classes", "accuracy")


def texts(svg: str) -> set[str]:
    return {"".join(node.itertext()).strip() for node in ET.fromstring(svg).iter()}  # noqa: S314


def test_dots_are_valid_svg_without_size_script_or_ink(dots):
    root = ET.fromstring(dots)  # noqa: S314
    assert root.tag.endswith("svg")
    assert "viewBox" in root.attrib
    assert "width" not in root.attrib
    assert "currentColor" in dots
    assert INK not in dots
    assert "<metadata" not in dots
    assert {"shape", "classes", "accuracy (bar: chance)"} <= texts(dots)
    for name in ("trained", "random", "shuffled"):
        assert COLOURS[name] in dots
    assert COLOURS["pixels"] not in dots


def test_the_same_figures_give_the_same_drawing_and_others_another(dots):
    assert quantity_dots(fake_record.scores(), "classes", "accuracy") == dots
    assert quantity_dots(fake_record.scores(trained=0.7), "classes", "accuracy") != dots


def test_an_r2_far_below_nothing_is_drawn_at_the_edge():
    def drawn(value: float) -> str:
        scalar = fake_record.score(quantity="yaw", measure="r2", value=value, chance=0.0)
        return quantity_dots([scalar], "scalars", "r2")

    assert drawn(-3.0) == drawn(-0.25) != drawn(-0.2)


def test_curves_are_drawn_in_panels_without_their_stage():
    curves = {"trained": [{"train/loss": CURVE, "val/loss": CURVE + 0.1}]}
    drawn = learning_curves(curves, {"Loss terms": ["loss"], "Features": []})
    assert list(drawn) == ["Loss terms"], "no panel, no drawing"
    assert {"loss", "optimiser step"} <= texts(drawn["Loss terms"])
    assert "stroke-dasharray" in drawn["Loss terms"], "validation is dashed"
    later = {"trained": [{"train/loss": CURVE, "val/loss": CURVE * 2}]}
    assert learning_curves(later, {"Loss terms": ["loss"]}) != drawn


def test_seeds_are_thin_and_conditions_named():
    curves = {
        "gabor=a": [{"val/loss": CURVE}, {"val/loss": CURVE[:2]}],
        "gabor=b": [{"val/loss": CURVE[1:]}],
    }
    svg = learning_curves(curves, {"Loss terms": ["loss"]})["Loss terms"]
    assert {"gabor=a", "gabor=b"} <= texts(svg)
    assert svg.count("stroke-opacity: 0.4") == 2
    assert FURTHER_COLOURS[1] in svg


def test_panels_sort_names_and_leave_out_bookkeeping():
    names = ["train/vicreg", "train/loss", "val/loss", "val/probe_shape", "val/knn_shape"]
    names += ["val/embedding_std", "val/effective_rank", "train/learning_rate", "other/x", "epoch"]
    names += ["val/alignment", "val/attention_entropy", "val/prediction_audio"]
    names += [f"val/place_m_{ahead}" for ahead in range(1, 11)] + ["train/forgetting"]
    names += [
        "val/vision_probe_shape",
        "val/vision_embedding_std",
        "val/speed_m_s_calibration_error",
    ]
    assert panels(names) == {
        "Loss terms": ["loss", "vicreg"],
        "Forecasts": [
            "forgetting",
            "place_m_1",
            "place_m_5",
            "place_m_10",
            "speed_m_s_calibration_error",
        ],
        "Probes while training": ["knn_shape", "probe_shape", "vision_probe_shape"],
        "Features": ["effective_rank", "embedding_std", "vision_embedding_std"],
        "Senses": ["alignment", "attention_entropy", "prediction_audio"],
    }


def test_one_panel_for_each_corruption():
    scores = fake_record.scores()
    snow = [replace(s, corruption="low_contrast") for s in scores if s.corruption == "fog"]
    assert {"fog", "low contrast", "severity"} <= texts(
        robustness([*scores, *snow], "accuracy", ["shape"])
    )


def test_known_features_keep_their_colour_and_conditions_get_further_ones():
    features = ["one", "two", "random"]
    assert colour_of("random", features) == COLOURS["random"]
    assert colour_of("one", features) != colour_of("two", features)
    assert legend(features)[2] == ("untrained twin", COLOURS["random"])
