import pytest
from fake_gates import coin

from nsca.gates.gate import Row, values


@pytest.mark.parametrize(
    ("seeds", "message"), [([0, 1, 2, 3], "at least 5"), ([0, 1, 2, 3, 3], "repeats")]
)
def test_a_gate_of_record_has_its_seeds(seeds, message):
    with pytest.raises(ValueError, match=message):
        coin(seeds=seeds)


def test_a_figure_by_seed():
    rows = [Row("on", 0, {"x": 1.0}), Row("on", 2, {"x": 3.0}), Row("off", 0, {"x": 9.0, "y": 1.0})]
    assert values(rows, "on", "x") == {0: 1.0, 2: 3.0}
    assert values(rows, "on", "y") == {}
