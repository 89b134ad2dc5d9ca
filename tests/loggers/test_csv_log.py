from pathlib import Path

from nsca.loggers.csv_log import CsvLog, cut_metrics, read_metrics


def test_rows_are_long_exact_and_on_disk_at_once(tmp_path: Path):
    log = CsvLog(tmp_path)
    log.log_metrics({"train/loss": 0.1, "epoch": 3}, step=0)
    log.log_metrics({"val/loss": 1 / 3}, step=4)
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    assert lines == ["step,name,value", "0,train/loss,0.1", f"4,val/loss,{1 / 3!r}"]
    assert read_metrics(tmp_path) == [(0, "train/loss", 0.1), (4, "val/loss", 1 / 3)]


def test_cutting_drops_later_steps_and_a_half_written_row(tmp_path: Path):
    log = CsvLog(tmp_path)
    for step in range(5):
        log.log_metrics({"a": float(step)}, step=step)
    with open(tmp_path / "metrics.csv", "a") as stream:
        stream.write("2,a")
    cut_metrics(tmp_path, 3)
    assert [row[0] for row in read_metrics(tmp_path)] == [0, 1, 2]
    cut_metrics(tmp_path, 0)
    assert (tmp_path / "metrics.csv").read_text() == "step,name,value\n"


def test_a_run_without_rows_has_none_and_can_be_cut(tmp_path: Path):
    assert read_metrics(tmp_path) == []
    cut_metrics(tmp_path, 3)
    assert not (tmp_path / "metrics.csv").exists()
