"""The plot shows the curve and marks the suggestion."""

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
from PIL import Image

from nsca.rate_finder import LEARNING_RATES_PLOT, RateCurve
from nsca.reporting.rate_plot import rate_svg, write_plot

RATES = np.geomspace(1e-6, 1.0, 60)
FALLING = RateCurve(RATES, 1 + np.log10(RATES / 0.05) ** 2)
RISING = RateCurve(RATES, 1 + RATES)


def texts(svg: str) -> str:
    return " ".join("".join(node.itertext()) for node in ET.fromstring(svg).iter())  # noqa: S314


def test_the_suggestion_is_marked_where_there_is_one():
    assert "suggested: 0.0048" in texts(rate_svg(FALLING))
    assert "suggested" not in texts(rate_svg(RISING))
    assert "learning rate" in texts(rate_svg(RISING))


def test_the_picture_is_written_on_white(tmp_path: Path):
    file = write_plot(FALLING, tmp_path)
    assert file == tmp_path / LEARNING_RATES_PLOT
    picture = np.asarray(Image.open(file).convert("RGB"))
    assert (picture[0, 0] == 255).all()
    assert (picture < 200).any()
