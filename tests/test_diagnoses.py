import math
import re

import pytest
from omegaconf import OmegaConf

from nsca.composition import compose
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
    "val/largest_output": rows([3.0, 8.0, 9.0], every=1000),
    "val/prediction_vision": rows([1.0, 0.8, 0.7, 0.6], every=1000),
    "val/prediction_audio": rows([1.0, 0.9, 0.95, 0.9], every=1000),
    "train/prior_weight": rows([0.9 - 0.01 * i for i in range(40)]),
    "train/physical": rows([3 * value / 6 for value in falling()]),
    "train/ewc_share": rows([0.7] * 40),
    "loader/wait_share": rows([0.05] * 40),
}
FLAT = [5 + 0.001 * (-1) ** i for i in range(40)]

SICK = {
    "collapsed embeddings": [
        {"val/embedding_std": rows([0.4, 0.01])},
        {"val/effective_rank": rows([40, 1.2])},
        {"val/fusion_embedding_std": rows([0.4, 0.01])},
        {"val/vision_embedding_std": rows([0.4, 0.5]), "val/audio_effective_rank": rows([9, 1.2])},
        {"val/slots_embedding_std": rows([0.4, 0.01])},  # of any part, also one that is to come
    ],
    "loss not finite": [
        {"train/loss": rows([*falling(), math.nan])},
        {"train/loss": rows([math.inf, *falling()])},
        {"train/skipped_steps": rows([1.0, 1.0])},  # between two steps that are written
    ],
    "diverging loss": [
        {"train/loss": rows([*falling(), *[4 + i for i in range(10)]])},
        {"train/loss": rows([-2.0] * 20 + [3.0] * 10), "train/ewc_share": []},
    ],
    "oscillating loss": [{"train/loss": rows([2 + (-1) ** i for i in range(30)], every=10)}],
    "early plateau": [
        {"train/loss": rows(FLAT, every=20), "train/ewc_share": []},
        {"train/loss": rows([5 + 0.01 * i for i in range(40)], every=10), "train/ewc_share": []},
    ],
    "no progress": [{"train/loss": rows(FLAT), "train/ewc_share": []}],
    "data starvation": [{"loader/wait_share": rows([0.1, 0.1, 0.5, 0.6, 0.5, 0.7, 0.6])}],
    "train/val gap": [{"val/loss": rows([3.0, 2.0, 4.0], every=1000)}],
    "flat validation": [
        {"val/probe_shape": rows([0.6] + [0.5] * 10, every=1000)},
        {"val/probe_shape": None, "val/vision_probe_shape": rows([0.6] + [0.5] * 10, every=1000)},
        {"val/probe_shape": None, "val/loss": rows([1.0] + [1.1] * 9 + [1.05], every=1000)},
    ],
    "output out of range": [
        {"val/largest_output": rows([10, 3e4])},
        {"val/largest_output": rows([10, math.nan])},
    ],
    "out of memory": [{"train/micro_batch": rows([32, 16])}],
    "one sense gets worse": [{"val/prediction_audio": rows([0.8, 0.82, 0.85, 0.9], every=1000)}],
    "forgetting penalty too strong": [
        # the whole loss falls, because the penalty does
        {"train/ewc_share": rows([1 - 0.5 / value for value in falling()])},
    ],
    "prior does not give way": [
        {"train/prior_weight": rows([0.9] * 40), "train/physical": rows([1.5] * 40)},
        {
            "train/prior_weight": rows([0.9] * 40),
            "train/physical": None,
            "train/dynamics_physical": rows([1.5] * 40),
        },
    ],
}


AT_ONCE = {"collapsed embeddings", "loss not finite", "output out of range", "out of memory"}


def changed(change) -> dict[str, list[tuple[int, float]]]:
    """A healthy run with other figures; None takes one out."""
    return {name: rows for name, rows in {**HEALTHY, **change}.items() if rows is not None}


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
    found = diagnose(changed(change))
    assert [diagnosis.name for diagnosis in found] == [name]
    assert found[0].evidence
    assert found[0].remedy


def test_a_stage_that_begins_is_no_divergence_and_a_plateau_is_seen_in_its_own_stage():
    """Another task, with replay and a penalty on top: its loss begins higher."""
    history = {
        **HEALTHY,
        "train/loss": rows([*falling(), *[10 + value for value in falling()]], every=5),
        "train/stage": rows([0.0] * 40 + [1.0] * 40, every=5),
        "val/loss": rows([5.5, 3.0, 7.0], every=100),
        "train/ewc_share": [],
    }
    assert diagnose(history) == []
    assert names(history | {"train/stage": []}) == ["diverging loss"]
    flat = [*falling(), *FLAT]
    assert names(history | {"train/loss": rows(flat, every=5)}) == ["early plateau"]


def test_short_histories_give_no_verdict_on_trends():
    for cases in SICK.values():
        for change in cases:
            short = {metric: history[:2] for metric, history in change.items() if history}
            assert set(names(short)) <= AT_ONCE


def test_a_flat_loss_is_no_matter_where_probes_improve_or_tasks_follow_each_other():
    flat = {"val/loss": rows([1.0] + [1.1] * 10, every=1000)}
    better = {"val/probe_shape": rows([0.3 + 0.01 * i for i in range(11)], every=1000)}
    assert diagnose(changed({**flat, **better})) == []
    alone = changed({**flat, "val/probe_shape": None})
    assert names(alone) == ["flat validation"]
    assert "the loss has not improved" in diagnose(alone)[0].evidence
    assert names({**alone, "train/stage": rows([0.0] * 40)}) == []


def test_a_collapse_is_told_by_the_part_that_collapsed():
    sick = changed({"val/audio_embedding_std": rows([0.4, 0.01])})
    assert diagnose(sick)[0].evidence == "audio_embedding_std 0.01 is below 0.05"


def test_noise_around_progress_is_no_oscillation():
    noisy = [value * (1 + 0.05 * (-1) ** i) for i, value in enumerate(falling())]
    assert names({**HEALTHY, "train/loss": rows(noisy)}) == []


def test_one_slow_batch_is_no_starvation():
    assert names({"loader/wait_share": rows([0.05, 0.05, 0.9, 0.05, 0.05, 0.05])}) == []


def test_a_prior_that_helps_or_gives_way_is_left_alone():
    held, good = rows([0.9] * 40), rows([0.2] * 40)
    assert names({"train/prior_weight": held, "train/physical": good}) == []
    falls = rows([0.9 - 0.01 * i for i in range(40)])
    assert names({"train/prior_weight": falls, "train/physical": rows([1.5] * 40)}) == []


def test_a_small_penalty_or_one_under_which_the_task_is_learned_is_left_alone():
    tasks = {"train/loss": rows(falling())}
    assert names({**tasks, "train/ewc_share": rows([0.7] * 40)}) == []
    small = [0.4 * (1 - 1 / value) for value in falling()]
    assert names({**tasks, "train/ewc_share": rows(small)}) == []


def test_senses_that_all_get_worse_are_no_matter_of_one():
    rising = rows([0.8, 0.85, 0.9, 0.95], every=1000)
    assert names({"val/prediction_vision": rising, "val/prediction_audio": rising}) == []
    assert names({"val/prediction_vision": rising}) == []


ABSENT = object()


def test_remedies_name_keys_that_exist():
    """Those of a phase stand in some phase's file, all others compose."""
    configs = [
        compose("train", [f"phase={name}"])
        for name in ("vision", "audio", "fusion", "dynamics", "memory", "full", "fewshot")
    ]
    pattern = r"\b(?:phase|data_module|hardware|trainer|early_stopping|debug)\.[a-z_.]+[a-z_]"
    seen = 0
    for rule in RULES:
        for key in set(re.findall(pattern, rule.remedy)):
            seen += 1
            found = [OmegaConf.select(config, key, default=ABSENT) for config in configs]
            assert any(value is not ABSENT for value in found), key
    assert seen >= 15
