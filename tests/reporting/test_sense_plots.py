"""Drawings of senses show the figures that they are given."""

import xml.etree.ElementTree as ET

from nsca.reporting.plots import COLOURS
from nsca.reporting.sense_plots import attention_bars, lost_senses

MEANS = {
    "trained": {"all senses": 0.8, "without vision": 0.4},
    "random": {"all senses": 0.5, "without vision": 0.1},
}


def texts(svg: str) -> set[str]:
    return {"".join(node.itertext()).strip() for node in ET.fromstring(svg).iter()}  # noqa: S314


def test_each_way_is_a_row_and_each_kind_of_features_a_colour():
    drawn = lost_senses(MEANS, "Properties", "mean R²")
    assert {"all senses", "without vision", "Properties", "mean R²"} <= texts(drawn)
    assert COLOURS["trained"] in drawn
    assert COLOURS["random"] in drawn
    assert COLOURS["concatenated"] not in drawn
    worse = {**MEANS, "trained": {"all senses": 0.8, "without vision": 0.2}}
    assert lost_senses(worse, "Properties", "mean R²") != drawn


def test_shares_are_written_where_there_is_room():
    shares = {"all senses": {"vision": 0.55, "audio": 0.4, "nothing": 0.05}}
    drawn = attention_bars(shares, "Trained")
    assert {"55%", "40%", "all senses", "Trained"} <= texts(drawn)
    assert "5%" not in texts(drawn)
    for name in ("vision", "audio", "nothing"):
        assert COLOURS[name] in drawn
    assert COLOURS["proprioception"] not in drawn
