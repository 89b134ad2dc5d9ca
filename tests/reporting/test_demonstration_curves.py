import numpy as np
import pytest

from nsca.reporting.demonstration_curves import demonstration_curves
from nsca.reporting.plots import as_svg

CURVES = {
    "prior": {5: [0.5, 0.7, 0.6], 100: [0.9, 1.0, 0.95]},
    "blank": {5: [0.1, 0.3, 0.2], 100: [0.9], 10: [0.4, 0.4, 0.4]},
}


def test_means_bands_and_a_logarithmic_axis():
    figure = demonstration_curves(CURVES, "success", limits=(0, 1), levels={"chance": 0.05})
    axis = figure.axes[0]
    assert axis.get_xscale() == "log"
    assert [text.get_text() for text in axis.get_xticklabels()] == ["5", "10", "100"]
    chance, prior, blank = axis.lines
    assert chance.get_ydata()[0] == 0.05
    np.testing.assert_allclose(prior.get_xydata(), [[5, 0.6], [100, 0.95]])
    np.testing.assert_allclose(blank.get_xydata(), [[5, 0.2], [10, 0.4], [100, 0.9]])
    assert [text.get_text() for text in axis.get_legend().get_texts()] == [
        "chance",
        "prior",
        "blank",
    ]


def test_the_band_is_the_t_interval_cut_at_what_can_be():
    bands = demonstration_curves(CURVES, "success", limits=(0, 1)).axes[0].collections
    prior = bands[0].get_paths()[0].vertices
    # deviation 0.1 over three seeds: 0.6 ± 4.3027 * 0.1 / sqrt(3)
    at_five = sorted(set(prior[prior[:, 0] == 5][:, 1].round(4)))
    assert at_five == pytest.approx([0.3516, 0.8484], abs=1e-4)
    assert prior[:, 1].max() == 1.0
    # one seed says nothing of its spread
    assert 100 not in bands[1].get_paths()[0].vertices[:, 0]


def test_it_becomes_a_picture_of_the_page():
    svg = as_svg(demonstration_curves(CURVES, "success"), "curves")
    assert svg.startswith("<svg")
    assert "demonstrations" in svg


@pytest.mark.parametrize("curves", [{}, {"prior": {0: [1.0]}}])
def test_what_cannot_be_drawn_is_refused(curves):
    with pytest.raises(ValueError, match="at least"):
        demonstration_curves(curves, "success")


def test_a_point_without_values_is_refused():
    with pytest.raises(ValueError, match="no values"):
        demonstration_curves({"prior": {5: []}}, "success")


def test_more_conditions_than_colours_still_differ():
    nine = {f"condition {rank}": {1: [0.1 * rank]} for rank in range(9)}
    lines = demonstration_curves(nine, "success").axes[0].lines
    assert len({(line.get_color(), line.get_linestyle(), line.get_marker()) for line in lines}) == 9
