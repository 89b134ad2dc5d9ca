import pytest

from nsca.reporting.forgetting_plots import forgetting_figure

NAIVE = {"first_before": [0.8, 0.9], "first_after": [0.1, 0.0], "second_after": [0.7, 0.8]}
ELASTIC = {"first_before": [0.8, 0.9], "first_after": [0.8, 0.7], "second_after": [0.7, 0.7]}


def test_every_seed_and_the_mean_of_each_method():
    scores = {"naive": NAIVE, "old_policy": ELASTIC}
    figure = forgetting_figure(scores, "naive", most_lost=0.1, least_ratio=0.9)
    left, right = figure.axes
    assert [text.get_text() for text in left.get_xticklabels()] == ["naive", "old policy"]
    # two seeds and their mean for each method
    assert len(left.lines) == 6
    assert list(left.lines[2].get_ydata()) == pytest.approx([85.0, 5.0])
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["naive", "old policy"]
    needed = right.lines[0].get_ydata()[0]
    assert needed == pytest.approx(0.9 * 75)


def test_one_seed_has_no_bars():
    scores = {"naive": {name: values[:1] for name, values in NAIVE.items()}}
    figure = forgetting_figure(scores, "naive", most_lost=0.1, least_ratio=0.9)
    assert len(figure.axes) == 2


def test_a_reference_that_learned_nothing_is_drawn_too():
    """The gate's verdict is then `floor`, and it has a picture like any other."""
    scores = {"naive": {**NAIVE, "second_after": [0.0, 0.0]}, "old_policy": ELASTIC}
    figure = forgetting_figure(scores, "naive", most_lost=0.1, least_ratio=0.9)
    assert figure.axes[1].lines[0].get_ydata()[0] == 0


def test_the_reference_must_be_there():
    with pytest.raises(ValueError, match="nothing to compare with"):
        forgetting_figure({"old_policy": ELASTIC}, "naive", most_lost=0.1, least_ratio=0.9)
