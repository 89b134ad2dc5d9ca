import json
from importlib import import_module
from typing import Any

import pytest
from phases import tiny_dynamics
from phases.tiny_driving import Driven, driving_phase
from phases.tiny_vision import MovingShapes, tiny_data, tiny_phase, tiny_trainer

from nsca.callbacks.diagnosis import (
    DIAGNOSES,
    DiagnosisWatch,
    LoaderWait,
    cut_diagnoses,
    recorded_diagnoses,
)
from nsca.callbacks.online_probes import OnlineProbes
from nsca.composition import compose
from nsca.phases.optimizer import OptimizerSettings
from nsca.training import watchers


def probes() -> OnlineProbes:
    return OnlineProbes(fit_rows=64, score_rows=64, seed=0)


def test_a_real_collapse_is_diagnosed_once_and_recorded(tmp_path, capsys):
    """Only temporal consistency and invariance: a constant is the optimum."""
    phase = tiny_phase(
        loss_weights={"temporal": 10.0, "invariance": 10.0, "variance": 0.0, "nt_xent": 0.0},
        optimizer=OptimizerSettings(learning_rate=5e-2, warmup_steps=0),
    )
    watch = DiagnosisWatch()
    trainer = tiny_trainer(
        24, val_check_interval=8, callbacks=[probes(), watch], default_root_dir=tmp_path
    )
    trainer.fit(phase, datamodule=tiny_data())
    assert [found.name for found in watch.found].count("collapsed embeddings") == 1
    printed = capsys.readouterr().err
    assert printed.count("collapsed embeddings") == 1
    assert "phase.loss_weights.variance" in printed
    recorded = [json.loads(line) for line in (tmp_path / DIAGNOSES).read_text().splitlines()]
    assert [row["name"] for row in recorded].count("collapsed embeddings") == 1
    assert recorded[0]["step"] <= 24
    again = DiagnosisWatch()
    again.on_fit_start(trainer, phase)
    assert again.found == watch.found, "a resumed run does not report it again"


def test_a_resumed_run_drops_what_was_found_after_its_checkpoint(tmp_path):
    rows = [{"step": step, "name": "n", "evidence": "e", "remedy": "r"} for step in (3, 7, 9)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / DIAGNOSES).write_text(lines + '{"step": 1')
    assert recorded_diagnoses(tmp_path) == rows
    cut_diagnoses(tmp_path, 7)
    assert (tmp_path / DIAGNOSES).read_text() == "".join(lines.splitlines(keepends=True)[:2])
    cut_diagnoses(tmp_path / "without", 7)


def test_healthy_training_of_the_same_length_is_left_alone(tmp_path):
    watch = DiagnosisWatch()
    trainer = tiny_trainer(
        24, val_check_interval=8, callbacks=[probes(), watch], default_root_dir=tmp_path
    )
    trainer.fit(tiny_phase(), datamodule=tiny_data())
    assert [found.name for found in watch.found if found.name != "data starvation"] == []
    assert len(watch.history["train/loss"]) == 24
    assert len(watch.history["val/embedding_std"]) == 3


def test_a_resumed_run_judges_its_whole_history():
    watch, again = DiagnosisWatch(), DiagnosisWatch()
    watch.history = {"train/loss": [(1, 2.0), (2, 1.0)], "loader/wait_share": [(2, 0.5)]}
    again.load_state_dict(json.loads(json.dumps(watch.state_dict())))
    assert [tuple(row) for row in again.history["train/loss"]] == [(1, 2.0), (2, 1.0)]
    assert "loader/wait_share" not in again.history


COLLAPSE = {"embedding_std", "effective_rank"}
SENSES_APART = {f"val/prediction_{sense}" for sense in ("vision", "audio", "proprioception")}
PRIOR = {"train/prior_weight"}
NEEDED = {
    "vision": {f"val/{name}" for name in (*COLLAPSE, "probe_shape")},
    "audio": {f"val/{name}" for name in (*COLLAPSE, "probe_pitch")},
    "fusion": {f"val/{name}" for name in (*COLLAPSE, "probe_level")} | SENSES_APART,
    "dynamics": PRIOR | {"train/physical"},
    "driving_dynamics": PRIOR | {"train/physical"},
    "memory": PRIOR | {"train/physical", "train/stage"},
    "full": PRIOR
    | {"train/dynamics_physical"}
    | {
        f"val/{part}_{name}"
        for part in ("vision", "audio", "fusion")
        for name in (*COLLAPSE, "probe_row")
    }
    | SENSES_APART,
}
"""What rules read beside the losses, by phase."""


def tiny(name: str) -> tuple[Any, Any]:
    """A small phase and its data."""
    if name == "driving_dynamics":
        dynamics = import_module("phases.tiny_dynamics")
        return driving_phase(), dynamics.tiny_data(source=Driven())
    made = import_module(f"phases.tiny_{name}")
    return made.tiny_phase(), made.tiny_data()


@pytest.mark.parametrize("name", NEEDED)
def test_every_phase_logs_what_rules_read_as_its_configuration_watches_it(name, tmp_path):
    phase, data = tiny(name)
    callbacks = watchers(compose("train", [f"phase={name}"]))
    trainer = tiny_trainer(2, callbacks=callbacks, default_root_dir=tmp_path)
    trainer.fit(phase, datamodule=data)
    (watch,) = [callback for callback in callbacks if isinstance(callback, DiagnosisWatch)]
    always = {"train/loss", "val/loss", "val/largest_output", "loader/wait_share"}
    assert watch.history.keys() >= NEEDED[name] | always


@pytest.mark.parametrize("wait_s", [0.0, 0.25, 3.0])
def test_waiting_for_the_loader_is_measured(wait_s):
    now_s = 0.0
    wait = LoaderWait(lambda: now_s)
    for step in range(5):
        if step == 3:
            wait.pause()
            now_s += 100.0  # validating is not waiting
        elif step > 0:
            now_s += wait_s
        wait.batch_arrived()
        now_s += 1.0
        wait.step_done()
    assert wait.take_share() == pytest.approx(3 * wait_s / (3 * wait_s + 5))
    assert wait.take_share() == 0.0


def test_figures_of_one_row_are_of_one_step(tmp_path):
    """The prior's weight is logged after a step and the loss within it."""
    watch = DiagnosisWatch()
    trainer = tiny_trainer(
        12, callbacks=[watch], default_root_dir=tmp_path, log_every_n_steps=4, limit_val_batches=0
    )
    trainer.fit(tiny_dynamics.tiny_phase(), datamodule=tiny_dynamics.tiny_data())
    steps = {
        name: [step for step, _ in watch.history[name]]
        for name in ("train/loss", "train/prior_weight")
    }
    assert steps == {"train/loss": [4, 8, 12], "train/prior_weight": [4, 8, 12]}


def test_wall_clock_stays_out_of_the_logged_metrics(tmp_path):
    trainer = tiny_trainer(2, callbacks=[DiagnosisWatch()], default_root_dir=tmp_path)
    trainer.fit(tiny_phase(), datamodule=tiny_data(source=MovingShapes(clips=8)))
    assert not any("wait" in name for name in trainer.callback_metrics)
