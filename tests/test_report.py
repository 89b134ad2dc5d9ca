"""The verb: one file from real files, which needs nothing outside itself."""

import csv
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import fake_record
import fake_run
import pytest

from nsca.errors import UserError
from nsca.evaluate import evaluate
from nsca.report import report
from nsca.run_card import load_run_card
from nsca.verb import compose

SMALL = [
    "benchmark.visible_quantities.corruptions=[fog]",
    "benchmark.visible_quantities.severities=[1,5]",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A run that was judged, and a later one of another seed with figures made up."""
    place = tmp_path_factory.mktemp("report")
    outputs = place / "outputs"
    data = fake_run.write_pictures(place / "photos", train=8, val=4)
    judged = fake_run.write_run(data, outputs, seed=0)
    evaluate(compose("evaluate", [f"run={judged}", f"outputs={outputs}", *SMALL]))
    second = fake_run.write_run(data, outputs, seed=1)
    fake_run.write_evaluation(second, outputs, fake_record.scores())
    return place


def runs_of(place: Path) -> list[Path]:
    return sorted((place / "outputs" / "train").glob("*/*"))


def page_of(place: Path, *overrides: str) -> str:
    folder = report(compose("report", [f"outputs={place / 'outputs'}", *overrides]))
    assert load_run_card(folder)["status"] == "finished"
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def one(place) -> str:
    return page_of(place, f"run={runs_of(place)[0]}")


class Tags(HTMLParser):
    """Collects addresses, and fails on a tag that is never closed."""

    VOID = frozenset({"meta", "img", "br", "hr", "link", "input", "source"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag


def test_one_file_that_needs_no_other(one):
    tags = Tags()
    tags.feed(one)
    assert not tags.open
    assert tags.addresses
    assert all(address.startswith(("data:", "#")) for address in tags.addresses)
    outside = set(re.findall(r"""(?:url\(|src=|href=)["']?(https?:[^"')\s]+)""", one))
    assert not outside
    assert "<script" not in one


def test_the_figures_of_the_evaluation_are_on_the_page(one, place):
    run = runs_of(place)[0]
    table = next(
        file.parent / "visible_quantities.csv"
        for file in (place / "outputs" / "evaluate").glob("*/*/run.json")
        if (file.parent / json.loads(file.read_text())["evaluated_run"]).resolve() == run.resolve()
    )
    rows = list(csv.DictReader(table.read_text().splitlines()))
    shown = [r for r in rows if r["corruption"] == "clean" and r["measure"] == "accuracy"]
    assert shown
    for row in shown:
        assert f">{float(row['value']):.3f}</td>" in one
    card = load_run_card(run)
    for fact in (card["command"], card["data_fingerprint"], card["versions"]["torch"]):
        assert fact in one
    assert "One seed: the spread over seeds is unknown" in one


def test_every_section_is_there(one):
    titles = [
        "What it was trained on",
        "Learning curves",
        "What the features know",
        "Under corruption",
        "What it finds alike",
        "Filters",
        "Diagnoses",
        "Reproduce",
        "Run card",
    ]
    positions = [one.index(f"<h2>{title}</h2>") for title in titles]
    assert positions == sorted(positions)
    for name in ("nt_xent", "probe_label", "knn_label", "embedding_std", "fog"):
        assert f">{name}</text>" in one
    assert "currentColor" in one
    assert "#010203" not in one


def test_several_runs_are_one_page(place):
    text = page_of(place, f"run={place / 'outputs' / 'train'}/*/*", "pictures=false")
    assert "2 runs, seeds 0, 1" in text
    assert "What it was trained on" not in text, "no pictures were asked for"


def test_without_evaluation_data_and_checkpoint_the_page_says_so(place, tmp_path):
    run = tmp_path / "outputs" / "train" / "vision" / "alone"
    shutil.copytree(runs_of(place)[0], run)
    shutil.rmtree(run / "checkpoints")
    config = run / "config.yaml"
    config.write_text(config.read_text().replace(str(place / "photos"), str(tmp_path / "gone")))
    text = page_of(tmp_path)  # no run is named: the newest one is taken
    assert "<h1>vision</h1>" in text
    assert "Not judged yet" in text
    assert "does not exist" in text
    assert "no intact checkpoint" in text


def test_no_run_is_an_error_with_a_remedy_and_leaves_no_folder(place, tmp_path):
    with pytest.raises(UserError, match="there is no run"):
        report(compose("report", [f"run={tmp_path}/nothing", f"outputs={tmp_path / 'out'}"]))
    assert not (tmp_path / "out").exists()
