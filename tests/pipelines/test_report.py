import re
from dataclasses import replace
from pathlib import Path

import fake_record
import pytest
from fake_gates import coin
from fake_run import write_evaluation, write_pictures, write_run

from nsca.gates.run import ORIGIN
from nsca.gates.verdict import Kind, Verdict
from nsca.job_table import Job, JobTable
from nsca.pipelines import report
from nsca.pipelines.journal import Journal, State, StepRecord
from nsca.pipelines.pipeline import Pipeline
from nsca.pipelines.progress import Progress
from nsca.pipelines.report import banner, write_report
from nsca.pipelines.step import Step
from nsca.run_directory import RunDirectory

OUTPUTS = Path("outputs")


def asked_gate(kind: Kind) -> Path:
    """A gate's run directory, without its run."""
    gate, held = coin(), RunDirectory.claim(OUTPUTS / "gate", "balloon")
    with held.card("gate", 0, config_fingerprint="f" * 64) as card:
        card.note(seeds=list(gate.seeds), verdict=str(kind))
        table = JobTable(held.path / "results.csv", ORIGIN)
        for cell in gate.cells(quick=False):
            origin = {"seconds": "1.5", "commit": "c" * 40, "settings": "s"}
            share = [0.5, 0.9]
            table.add(Job(cell.arm, cell.seed), {"right": 0.9}, origin, {"share": share})
        verdict = Verdict(kind, "right in {agent:.2f}", {"agent": 0.9})
        verdict.write(held.path / "verdict.json")
    held.release()
    return held.path


def generated_data() -> Path:
    """A data set's run directory, without data."""
    held = RunDirectory.claim(OUTPUTS, "data")
    with held.card("babble", 0, data_fingerprint="d" * 64) as card:
        card.record({"babble/interactions": 2000})
    held.release()
    return held.path


@pytest.fixture
def progress(pipeline, shared, monkeypatch) -> Progress:
    """All but audio is done: it failed, after a judged vision run."""
    monkeypatch.setattr(report, "gate_of", lambda _: coin())
    found = Progress(pipeline, shared, Journal(Path(".")))

    def done(name: str, run: Path) -> None:
        identity = found.identity(name, found.command(name))
        found.has_finished(name, StepRecord(State.DONE, identity, str(run), 61.0))

    done("balloon", asked_gate(Kind.PASS))
    done("babbling", generated_data())
    vision = write_run(write_pictures(Path("pictures"), 4, 2), OUTPUTS, 0)
    done("vision", vision)
    done("vision_judged", write_evaluation(vision, OUTPUTS, fake_record.scores(0.81, 0.62)))
    found.journal.write("audio", StepRecord(State.FAILED, cause="no sound & fury"))
    return found


def written(progress: Progress, force: bool = False) -> str:
    write_report(progress, "fake", Path("."), force=force)
    return Path("report.html").read_text()


def test_the_page_tells_of_every_step_and_all_that_came_of_it(progress):
    page = written(progress)
    assert "4 of 5 steps done" in page
    table = page[page.index("<h2>Steps") : page.index("<h2>What did not run")]
    for name in progress.pipeline.steps:
        assert f">{name}<" in table
    for text in (
        "2,000 interactions",
        "61 s",
        f"<td>{progress.run('vision').relative_to('outputs')}</td>",
        "failed: no sound &amp; fury",
        '<h1 id="balloon">Gate: balloon',
        "right in 0.90",
        "<th>minus guesser",
        '<h1 id="babbling">Data: babbling',
        '<h1 id="vision">Phase: vision',
        "<h2>Learning curves",
        "0.810",
        "<th>untrained twin</th>",
    ):
        assert text in page, text
    assert 'id="audio"' not in page
    assert "<script" not in page
    assert "banner" not in page.partition("<body>")[2]


def test_every_link_leads_somewhere_on_the_page(progress):
    page = written(progress)
    assert re.findall(r'<a href="#([^"]+)"', page) == ["balloon", "babbling", "vision", "vision"]
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links <= set(re.findall(r' id="([^"]+)"', page))
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page), "the page needs no other file"


@pytest.mark.parametrize("setting", ["benchmark=metaworld_ml10", "run=outputs/train/old/1"])
def test_an_evaluation_of_no_steps_run_has_a_part_of_its_own(shared, setting):
    alone = Progress(Pipeline({"alone": Step("evaluate", [setting])}), shared, Journal(Path(".")))
    held = RunDirectory.claim(OUTPUTS / "evaluate", "alone")
    with held.card("evaluate", 0) as card:
        card.record({"metaworld_ml10/success": 0.254321, "metaworld_ml10/odd": float("nan")})
    held.release()
    identity = alone.identity("alone", alone.command("alone"))
    alone.has_finished("alone", StepRecord(State.DONE, identity, str(held.path), 61.0))
    page = written(alone)
    assert "1 of 1 steps done" in page
    assert re.findall(r'<a href="#([^"]+)"', page) == ["alone"]
    assert '<h1 id="alone">Figures: alone' in page
    assert "metaworld_ml10/success</td><td>0.2543" in page
    assert "metaworld_ml10/odd</td><td>not finite" in page


def test_forecasts_stand_beside_the_last_state():
    figures = {
        "forecast/val/place_m/trained": 0.0123,
        "forecast/val/place_m/copy_last": 0.025,
        "forecast/val/place_m_10/trained": 0.02,
    }
    assert report._key_figures("evaluate", {"metrics": figures}) == [
        "place off by 1.23 cm (last state kept 2.50)"
    ]


def test_a_stream_of_tasks_stands_beside_what_there_was_before():
    names = {"end": 0.5, "begun": 0.75, "forgetting": 0.05}
    figures = {f"retention/val/error/{name}/trained": value for name, value in names.items()}
    assert report._key_figures("evaluate", {"metrics": figures}) == [
        "error of all tasks 0.500 (before the stream 0.750; forgotten 0.050)"
    ]


def test_means_on_held_out_objects_stand_beside_those_of_the_twin():
    figures = {
        "fused_state/next_moment/val/mean_r2/trained": 0.4,
        "fused_state/next_moment/val/mean_r2/random": 0.3,
        "visible_quantities/val/mean_accuracy/trained": 0.5,
        "visible_quantities/val/mean_accuracy/trained/corrupted": 0.1,
        "visible_quantities/test/mean_accuracy/trained": 0.2,
    }
    assert report._key_figures("evaluate", {"metrics": figures}) == [
        "next_moment/r2 0.400 (untrained 0.300)",
        "accuracy 0.500",
    ]


def test_gates_that_have_not_passed_stand_above_everything(progress):
    run = asked_gate(Kind.SMOKE)
    record = replace(progress.journal.records["balloon"], run=str(run))
    progress.has_finished("balloon", record)
    assert banner(progress, force=False) == ["Gates have not passed.", "balloon: only a smoke run"]
    page = written(progress, force=True)
    said = "FORCED past gates that have not passed.<br>balloon: only a smoke run"
    assert f'<main><div class="banner">{said}</div><h1>Pipeline fake' in page


def test_a_pipeline_of_which_nothing_ran_has_a_page(pipeline, shared):
    page = written(Progress(pipeline, shared, Journal(Path("."))))
    assert "0 of 5 steps done" in page
    assert "balloon: no verdict" in page
