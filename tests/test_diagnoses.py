import math

import pytest

from nsca.diagnoses import RULES, diagnose


def rows(values, every: int = 100) -> list[tuple[int, float]]:
    return [(every * (i + 1), float(value)) for i, value in enumerate(values)]


def falling(n: int = 40) -> list[float]:
    return [5 * math.exp(-i / 20) + 1 for i in range(n)]


HEALTHY = {
    "train/loss": rows(falling()),
    "val/loss": rows([5.5, 4.2, 3.0], every=1000),
    "val/embedding_std": rows([0.3, 0.7, 0.8], every=1000),
    "val/effective_rank": rows([40, 60, 80], every=1000),
    "val/probe_shape": rows([0.3, 0.5, 0.6], every=1000),
    "loader/wait_share": rows([0.05] * 40),
}

SICK = {
    "collapsed embeddings": [
        {"val/embedding_std": rows([0.4, 0.01])},
        {"val/effective_rank": rows([40, 1.2])},
    ],
    "loss not finite": [
        {"train/loss": rows([*falling(), math.nan])},
        {"train/loss": rows([math.inf, *falling()])},
    ],
    "diverging loss": [
        {"train/loss": rows([*falling(), *[4 + i for i in range(10)]])},
        {"train/loss": rows([-2.0] * 20 + [3.0] * 10)},
    ],
    "oscillating loss": [{"train/loss": rows([2 + (-1) ** i for i in range(30)], every=10)}],
    "early plateau": [{"train/loss": rows([5 + 0.001 * (-1) ** i for i in range(40)])}],
    "data starvation": [{"loader/wait_share": rows([0.1, 0.1, 0.5, 0.6, 0.5, 0.7, 0.6])}],
    "train/val gap": [{"val/loss": rows([3.0, 2.0, 4.0], every=1000)}],
    "flat validation": [{"val/probe_shape": rows([0.6] + [0.5] * 10, every=1000)}],
}


def names(history) -> list[str]:
    return [diagnosis.name for diagnosis in diagnose(history)]


def test_a_healthy_run_is_left_alone():
    assert diagnose(HEALTHY) == []
    assert diagnose({}) == []


def test_every_rule_is_provoked_here():
    assert SICK.keys() == {rule.name for rule in RULES}


@pytest.mark.parametrize(
    ("name", "change"), [(name, change) for name, cases in SICK.items() for change in cases]
)
def test_a_sick_run_gets_its_diagnosis_and_no_other(name, change):
    found = diagnose({**HEALTHY, **change})
    assert [diagnosis.name for diagnosis in found] == [name]
    assert found[0].evidence
    assert found[0].remedy


def test_short_histories_give_no_verdict_on_trends():
    for cases in SICK.values():
        for change in cases:
            short = {metric: history[:2] for metric, history in change.items()}
            assert set(names(short)) <= {"collapsed embeddings", "loss not finite"}


def test_noise_around_progress_is_no_oscillation():
    noisy = [value * (1 + 0.05 * (-1) ** i) for i, value in enumerate(falling())]
    assert names({**HEALTHY, "train/loss": rows(noisy)}) == []


def test_one_slow_batch_is_no_starvation():
    assert names({"loader/wait_share": rows([0.05, 0.05, 0.9, 0.05, 0.05, 0.05])}) == []


def test_remedies_name_keys_that_exist(project):
    """A remedy that names a configuration key must name a real one."""
    text = (project / "conf/phase/vision.yaml").read_text() + (
        project / "conf/train.yaml"
    ).read_text()
    for rule in RULES:
        for word in rule.remedy.replace(",", " ").replace(";", " ").split():
            if word.startswith("phase.") and word.count(".") >= 2:
                assert word.rsplit(".", 1)[1] in text, word
