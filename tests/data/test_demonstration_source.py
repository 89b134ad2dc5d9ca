"""Which demonstrations are learned from and which only measure."""

import pytest

from nsca.data.demonstrating import record_demonstrations
from nsca.data.demonstration_source import DemonstrationSource
from nsca.errors import UserError


def test_no_path_and_impossible_counts_are_refused():
    with pytest.raises(UserError, match="not given"):
        DemonstrationSource(None, 5, 5)
    with pytest.raises(ValueError, match="count=0"):
        DemonstrationSource("somewhere", 0, 5)


def test_the_first_are_learned_from_and_the_next_held_out(tmp_path, monkeypatch):
    shown = record_demonstrations("reach-v3", 3, seed=0).demonstrations
    asked = []

    def load(path, task):
        asked.append(task)
        return shown

    monkeypatch.setattr("nsca.data.demonstration_source.load_demonstrations", load)
    source = DemonstrationSource(str(tmp_path), 2, 1, task="reach")
    assert source.train() == shown[:2]
    assert source.val() == shown[2:]
    assert asked == ["reach"]
    with pytest.raises(UserError, match=r"holds 3 .* reach-v3, fewer than data.count=2 and data.v"):
        DemonstrationSource(str(tmp_path), 2, 2).train()
