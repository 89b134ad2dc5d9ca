import csv

from fake_gates import coin

from nsca.gates.gate import Row
from nsca.gates.report import paired_table, write_report
from nsca.job_table import Job, JobTable
from nsca.run_directory import RunDirectory

ORIGIN = ("seconds", "commit", "settings")


def write(tmp_path, quick=False):
    """A gate's page from made-up rows."""
    gate = coin()
    rows = [
        Row(arm, seed, {"right": base + 0.01 * seed**2 * slope}, {"share": [0.5, base]})
        for seed in gate.seeds
        for arm, base, slope in (("agent", 0.9, 1), ("guesser", 0.5, -1))
    ]
    verdict = gate.judge(rows)
    held = RunDirectory.claim(tmp_path, "coin")
    with held.card("gate", 0, config_fingerprint="f" * 64) as card:
        card.note(seeds=list(gate.seeds))
        table = JobTable(held.path / "results.csv", ORIGIN)
        for row in rows:
            origin = {"seconds": "1.5", "commit": "c" * 40, "settings": "s"}
            table.add(Job(row.arm, row.seed), row.figures, origin)
        cells = gate.cells(quick=False)
        write_report(gate, "coin", cells, rows, verdict.as_smoke() if quick else verdict, table)
    held.release()
    return held.path


def test_the_page_has_question_criterion_verdict_figures_and_no_script(tmp_path):
    home = write(tmp_path)
    page = (home / "report.html").read_text()
    for text in (
        "Does it know?",
        "right in more than 90% of the tosses",
        ">Passed</p>",
        "5 paired seeds detect d =",
        "knowledge=1.0, tosses=400",
        "<svg",
        "cccccccccccc",
    ):
        assert text in page, text
    assert "<script" not in page
    assert "SMOKE" not in page


def test_a_smoke_page_begins_with_its_banner(tmp_path):
    page = (write(tmp_path, quick=True) / "report.html").read_text()
    assert page.index('<div class="banner">SMOKE RUN') < page.index("<h1>")
    assert "Passed" not in page


def test_the_tables_agree(tmp_path):
    home = write(tmp_path)
    with (home / "table.csv").open() as file:
        rows = {row["condition"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["guesser", "agent"], "the reference first"
    difference = float(rows["agent"]["difference"])
    assert f"{difference:+.3f}" in (home / "table.md").read_text()
    assert float(rows["agent"]["low"]) < difference < float(rows["agent"]["high"])
    assert float(rows["agent"]["detectable_d"]) > 1


def test_the_reference_is_shown_even_without_rows():
    assert paired_table(coin(), [Row("agent", 0, {"right": 1.0})]).rows == ["guesser", "agent"]
