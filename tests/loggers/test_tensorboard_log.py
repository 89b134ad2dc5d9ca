from pathlib import Path

from nsca.loggers.tensorboard_log import TensorBoardLog


def test_events_land_in_the_run_directory_without_versions(tmp_path: Path):
    log = TensorBoardLog(tmp_path)
    log.log_metrics({"a": 1.0}, step=0)
    log.finalize("success")
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 1
    assert written[0].parent == Path("tensorboard")
    assert written[0].name.startswith("events.out")
