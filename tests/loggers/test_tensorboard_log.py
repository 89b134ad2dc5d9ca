from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nsca.loggers.csv_log import CsvLog, cut_metrics
from nsca.loggers.tensorboard_log import TensorBoardLog


def test_events_land_in_the_run_directory_without_versions(tmp_path: Path):
    log = TensorBoardLog(tmp_path)
    log.log_metrics({"a": 1.0}, step=0)
    log.finalize("success")
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 1
    assert written[0].parent == Path("tensorboard")
    assert written[0].name.startswith("events.out")


def test_steps_that_come_again_are_shown_once(tmp_path: Path):
    """Killed after step 5, resumed from 3: as metrics.csv is cut, so are the events."""
    for steps in (range(6), range(3, 8)):
        cut_metrics(tmp_path, steps[0])
        both = TensorBoardLog(tmp_path), CsvLog(tmp_path)
        for step in steps:
            for log in both:
                log.log_metrics({"a": float(step)}, step=step)
        both[0].finalize("success")
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("a")] == list(range(8))
