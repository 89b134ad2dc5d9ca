"""Training runs from the outside: what a run directory holds, and that nothing can hurt it."""

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from training_server import (
    STEPS,
    TrainingServer,
    digest_of,
    last_row,
    the_run,
    tiny_run,
    write_pictures,
)

import nsca
from nsca import training
from nsca.checkpoint import checkpoints_of, read_header
from nsca.composition import compose
from nsca.errors import UserError
from nsca.loggers.csv_log import read_metrics
from nsca.rate_finder import LEARNING_RATES_PLOT, read_curve
from nsca.run_card import load_run_card
from nsca.training import options, run_training


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("données") / "pictures")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainingServer]:
    with TrainingServer(tmp_path_factory.mktemp("server") / "log") as running:
        yield running


@pytest.fixture(scope="module")
def uninterrupted(
    server: TrainingServer, pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    outputs = tmp_path_factory.mktemp("uninterrupted")
    assert server.run(tiny_run(pictures, outputs)) == 0
    return the_run(outputs)


def test_a_run_directory_holds_what_a_run_is(uninterrupted: Path):
    card = load_run_card(uninterrupted)
    assert card["status"] == "finished"
    assert card["samples"] == STEPS * 16
    assert {"train/loss", "val/loss", "parameters"} <= set(card["metrics"])
    assert len(card["data_fingerprint"]) == 64
    rows = read_metrics(uninterrupted)
    assert [s for s, name, _ in rows if name == "train/loss"] == list(range(STEPS))
    assert [s for s, name, _ in rows if name == "val/loss"] == [8, 17, 26, 35]
    steps = [read_header(path).step for path in checkpoints_of(uninterrupted)]
    assert steps[0] == 40
    assert steps[1] in {35, 36}  # 36 where the last validation was the best
    assert len(steps) <= 3  # the last two and the best one
    assert (uninterrupted / "config.yaml").is_file()


@pytest.mark.parametrize("number", range(3))
def test_a_killed_and_resumed_run_ends_bit_identical(
    number: int, server: TrainingServer, pictures: Path, uninterrupted: Path, tmp_path: Path
):
    moment = random.Random(number).randrange(3 + 11 * number, 14 + 11 * number)
    command = [*tiny_run(pictures, tmp_path), "resume=auto"]
    code = server.signal_when(command, signal.SIGKILL, lambda: last_row(tmp_path) >= moment)
    assert code == -signal.SIGKILL
    assert server.run(command) == 0
    assert digest_of(the_run(tmp_path)) == digest_of(uninterrupted)


def test_a_run_that_averages_and_stops_early_resumes_exactly(
    server: TrainingServer, pictures: Path, uninterrupted: Path, tmp_path: Path
):
    """The first validation is the best by so much that the second and the third do not count."""
    options = ["ema.decay=0.9", "early_stopping.patience=2", "early_stopping.min_change=100"]
    whole = tmp_path / "whole"
    assert server.run([*tiny_run(pictures, whole), *options]) == 0
    command = [*tiny_run(pictures, tmp_path / "cut"), *options, "resume=auto"]
    for moment in (11, 20):  # after the first and after the second validation
        late = server.signal_when(
            command, signal.SIGKILL, lambda step=moment: last_row(tmp_path / "cut") >= step
        )
        assert late == -signal.SIGKILL
    assert server.run(command) == 0
    found = digest_of(the_run(tmp_path / "cut"))
    assert found == digest_of(the_run(whole))
    assert read_header(checkpoints_of(the_run(whole))[0]).step == 27
    assert {"current_model_state", "averaging_state"} < found.keys()
    assert digest_of(uninterrupted)["state_dict"] != found["state_dict"]
    trained, averaged = (
        [value for _, name, value in read_metrics(run) if name == "train/loss"]
        for run in (uninterrupted, the_run(whole))
    )
    assert averaged == trained[:27], "an average changes nothing of the training"


@pytest.mark.parametrize("option", ["ema.decay=0.9", "early_stopping.patience=2"])
def test_a_phase_of_stages_has_neither_average_nor_early_end(option: str):
    asked = compose("train", ["phase=memory", "model=nsca_tiny", "parts.dynamics=null", option])
    with pytest.raises(UserError, match=rf"phase=memory measures itself.*{option.split('=')[0]}"):
        options(asked)


def test_memory_that_runs_out_outside_of_a_gradient_is_said(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As when an optimiser makes its moments in the first step."""

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nmore of it")

    monkeypatch.setattr(training, "prepare", full)
    with pytest.raises(
        UserError, match=r"outside of loss and gradient.*allocate 2 GiB \(free"
    ) as error:
        run_training(compose("train", tiny_run(pictures, tmp_path)))
    assert "resume=auto" in error.value.remedy


def test_sigterm_saves_and_the_run_can_be_resumed(
    server: TrainingServer, pictures: Path, uninterrupted: Path, tmp_path: Path
):
    command = [*tiny_run(pictures, tmp_path), "resume=auto"]
    code = server.signal_when(command, signal.SIGTERM, lambda: last_row(tmp_path) >= 24)
    assert code == 143
    run = the_run(tmp_path)
    assert load_run_card(run)["status"] == "interrupted"
    saved = read_header(checkpoints_of(run)[0]).step
    assert saved == last_row(tmp_path) + 1
    assert server.run(command) == 0
    assert digest_of(run)["state_dict"] == digest_of(uninterrupted)["state_dict"]
    assert digest_of(run)["metrics"] == digest_of(uninterrupted)["metrics"]
    assert server.run(command) == 0, "a finished run is found and left alone"
    assert the_run(tmp_path) == run


def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    server: TrainingServer, pictures: Path, uninterrupted: Path, tmp_path: Path
):
    command = [*tiny_run(pictures, tmp_path), "resume=auto"]
    code = server.signal_when(command, signal.SIGKILL, lambda: last_row(tmp_path) >= 24)
    assert code == -signal.SIGKILL
    newest = checkpoints_of(the_run(tmp_path))[0]
    newest.write_bytes(newest.read_bytes()[:-100])
    assert server.run(command) == 0
    assert digest_of(the_run(tmp_path)) == digest_of(uninterrupted)


def test_the_trained_phase_comes_back_in_python(uninterrupted: Path):
    phase = nsca.load(uninterrupted)
    assert not phase.training
    assert phase.example_batch(2).first.shape == (2, 3, 32, 32)


def test_another_configuration_is_refused_with_the_keys_that_differ(
    uninterrupted: Path, pictures: Path, tmp_path: Path
):
    command = [*tiny_run(pictures, tmp_path), f"resume='{uninterrupted}'", "phase.temperature=0.5"]
    with pytest.raises(UserError, match=r"phase\.temperature was 0\.\d, is now 0\.5"):
        run_training(compose("train", command))


@pytest.mark.parametrize(
    "overrides", [["debug=fast"], ["debug=overfit", "trainer.max_steps=2"], ["debug=anomaly"]]
)
def test_debug_presets_run(overrides: list[str], pictures: Path, tmp_path: Path):
    command = [*tiny_run(pictures, tmp_path), "trainer.max_steps=2", *overrides]
    run = run_training(compose("train", command))
    assert load_run_card(run)["status"] == "finished"
    if overrides == ["debug=fast"]:
        assert checkpoints_of(run) == []


def test_the_learning_rate_finder_suggests_one_and_trains_nothing(pictures: Path, tmp_path: Path):
    run = run_training(compose("train", [*tiny_run(pictures, tmp_path), "debug=find_lr"]))
    curve = read_curve(run)
    assert len(curve.losses) > 50, "of 100 steps, whatever trainer.max_steps says"
    suggested = load_run_card(run)["metrics"]["suggested_learning_rate"]
    assert suggested == curve.suggestion()
    assert 1e-4 <= suggested <= 3e-2
    assert (run / LEARNING_RATES_PLOT).is_file()
    assert checkpoints_of(run) == []


@pytest.mark.parametrize(
    "override", ["trainer.val_check_interval=0.5", "hardware.strategy=sideways"]
)
def test_what_lightning_refuses_is_a_wrong_setting_and_no_bug(
    override: str, pictures: Path, tmp_path: Path
):
    with pytest.raises(UserError, match="Lightning refuses"):
        run_training(compose("train", [*tiny_run(pictures, tmp_path), override]))


def test_a_path_that_does_not_exist_costs_no_run_directory(tmp_path: Path):
    with pytest.raises(UserError, match="nowhere"):
        run_training(compose("train", tiny_run(tmp_path / "nowhere", tmp_path / "out")))
    assert not (tmp_path / "out").exists()


def test_settings_that_contradict_each_other_cost_no_run_directory(pictures: Path, tmp_path: Path):
    asked = [*tiny_run(pictures, tmp_path / "out"), "model.vision.image_size=48"]
    with pytest.raises(UserError, match="the model sees pictures of 48 pixels"):
        run_training(compose("train", asked))
    assert not (tmp_path / "out").exists()


def test_a_volume_without_room_is_named_before_the_first_step(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("nsca.preflight.available_bytes", lambda _: 1000)
    with pytest.raises(UserError, match="the checkpoints need"):
        run_training(compose("train", tiny_run(pictures, tmp_path)))
    assert last_row(tmp_path) == -1
