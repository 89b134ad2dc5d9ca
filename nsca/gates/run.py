"""Runs a gate: its missing cells in worker processes, then its verdict, table, plot and report.

A gate that was killed goes on in the run directory of the same settings and the same code; any
other settings or code begin a new directory, so a table never mixes two gates.
"""

import contextlib
import hashlib
import json
import math
import random
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from omegaconf import DictConfig, OmegaConf

from nsca.code_fingerprint import code_fingerprint, target_modules
from nsca.errors import UserError
from nsca.gates.gate import Cell, Gate, Row
from nsca.gates.report import write_report
from nsca.gates.verdict import Verdict
from nsca.job_table import Job, JobTable
from nsca.jobs import JobOutcome, process_count, run_missing
from nsca.run_card import RUN_CARD, commit, load_run_card, package_versions
from nsca.run_directory import RunDirectory, is_held

# what stands in jobs.csv: seconds by the wall clock, commit, the beginning of the fingerprint
ORIGIN = ("seconds", "commit", "settings")
# Sums in another order are other sums: with one thread a cell's figures do not depend on the cores.
THREADS = 1


@dataclass(frozen=True)
class CellSpecification:
    """A cell with the gate that runs it, and where its figures will say they come from."""

    gate: Gate
    cell: Cell
    origin: Mapping[str, str]

    @property
    def job(self) -> Job:
        """The cell's place in the table."""
        return Job(self.cell.arm, self.cell.seed)


def run_cell(specification: CellSpecification, log: Path) -> JobOutcome:
    """Run one cell in this process; what it prints goes to `log`.

    An exception, and a figure that is not finite, become the outcome's `error`, with the traceback
    in the log: one failed cell must not end the gate.
    """
    job = specification.job
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        started = time.monotonic()
        try:
            _seed(job.seed)
            result = specification.gate.run(specification.cell)
            wrong = [name for name, value in result.figures.items() if not math.isfinite(value)]
            if wrong:
                raise ValueError(f"figures that are not finite: {', '.join(wrong)}")
        except Exception as error:  # noqa: BLE001 -- reported, and the gate goes on
            traceback.print_exc(file=out)
            return JobOutcome(job, {}, None, f"{type(error).__name__}: {error}")
    origin = {**specification.origin, "seconds": f"{time.monotonic() - started:.1f}"}
    return JobOutcome(job, result.figures, origin, None, series=result.series)


def _seed(seed: int) -> None:
    """Arms of one seed begin alike, and nothing is left over from the cell before."""
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def gate_of(cfg: DictConfig) -> Gate:
    """The gate of a configuration of `nsca.gate`, with the seeds that it gives instead of its own.

    Raises:
        UserError: settings that the gate refuses.
    """
    from nsca.assembly import build  # Lightning, which the workers of a gate do without

    seeds = OmegaConf.to_object(cfg.gate.seeds if cfg.seeds is None else cfg.seeds)
    gate = build(cfg.gate, seeds=seeds)
    if not isinstance(gate, Gate):
        raise TypeError(f"{cfg.gate._target_} is no Gate")
    return gate


def run_gate(
    gate: Gate, name: str, cfg: DictConfig, *, quick: bool, workers: int | None, outputs: Path
) -> tuple[Path, Verdict]:
    """Run what is missing, judge, and write everything; return the run directory and the verdict.

    Args:
        gate: built from `cfg`.
        name: of the gate; the directory is `<outputs>/gate/<name>/<time>`, or `<name>-quick`.
        cfg: the whole configuration, for the record.
        quick: a smoke run.
        workers: cells at once; None for one a core.
        outputs: the folder of run directories.

    Raises:
        UserError: a cell failed or a worker died (the same command runs the rest); another process
            is running this gate.
        Stopped: a signal asked for it.
    """
    workers = process_count(workers)
    cells = checked_cells(gate, quick)
    fingerprint = settings_fingerprint(gate, cfg, quick)
    folder = f"{name}-quick" if quick else name
    directory = _earlier(outputs / "gate" / folder, fingerprint)
    is_new = directory is None
    directory = directory or RunDirectory.claim(outputs / "gate", folder)
    try:
        if is_new:
            directory.write_config(cfg)
        card = directory.card("gate", gate.seeds[0], config_fingerprint=fingerprint)
        with card:
            card.note(gate=name, quick=quick, seeds=list(dict.fromkeys(c.seed for c in cells)))
            table = _finished_table(gate, cells, directory.path, fingerprint, workers)
            rows = rows_of(table, cells)
            verdict = gate.judge(rows)
            verdict = verdict.as_smoke() if quick else verdict
            verdict.write(directory.path / "verdict.json")
            card.samples = len(cells)
            card.record(verdict.figures)
            card.note(verdict=str(verdict.kind))
            write_report(gate, name, cells, rows, verdict, table)
    finally:
        directory.release()
    return directory.path, verdict


def checked_cells(gate: Gate, quick: bool) -> list[Cell]:
    """The gate's cells.

    Raises:
        ValueError: two of the same arm and seed, none of the reference, or an arm whose name
            cannot be that of a file.
    """
    cells = gate.cells(quick)
    arms = {cell.arm for cell in cells}
    if len({(cell.arm, cell.seed) for cell in cells}) != len(cells):
        raise ValueError("two cells have the same arm and seed")
    if gate.reference not in arms:
        raise ValueError(f"no cell belongs to the reference {gate.reference!r}: {sorted(arms)}")
    if odd := [arm for arm in arms if not set(arm) <= _ARM_LETTERS]:
        raise ValueError(f"an arm names a file, and {odd[0]!r} cannot")
    return cells


_ARM_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")


def settings_fingerprint(gate: Gate, cfg: DictConfig, quick: bool) -> str:
    """sha256 of all that decides the figures: settings, seeds, code, versions of packages."""
    node = OmegaConf.to_container(cfg.gate, resolve=True)
    modules = {type(gate).__module__, *target_modules(node)}
    content = [
        {**(node if isinstance(node, dict) else {}), "seeds": list(gate.seeds)},
        quick,
        code_fingerprint(modules),
        package_versions(),
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _earlier(parent: Path, fingerprint: str) -> RunDirectory | None:
    """The newest run directory of these settings and this code, held; None when there is none."""
    found = sorted(parent.iterdir(), reverse=True) if parent.is_dir() else []
    for path in found:
        if not (path / RUN_CARD).is_file():
            continue
        if load_run_card(path).get("config_fingerprint") == fingerprint:
            if is_held(path):
                raise UserError(f"another process runs this gate in {path}", "wait for it")
            print(f"going on in {path}; remove it to begin anew")
            return RunDirectory.reopen(path)
    return None


def _finished_table(
    gate: Gate, cells: list[Cell], home: Path, fingerprint: str, workers: int
) -> JobTable:
    """The table with every cell in it.

    Raises:
        UserError: a cell failed; all that did are named. Or the table is not of this run.
        Stopped: see `run_missing`.
    """
    table = JobTable(home / "results.csv", ORIGIN)
    origin = {"commit": commit(), "settings": fingerprint[:12]}
    specifications = [CellSpecification(gate, cell, origin) for cell in cells]
    expected = {spec.job: origin["settings"] for spec in specifications}
    if odd := table.made_otherwise("settings", expected):
        raise UserError(
            f"{table.jobs_path} holds cells of other settings, such as {next(iter(odd))}",
            f"remove {home} and start again",
        )
    failures = run_missing(
        specifications, run_cell, table, workers, home / "logs", print, threads=THREADS
    )
    if failures:
        named = "; ".join(f"{f.job.condition} seed={f.job.seed}: {f.error}" for f in failures)
        raise UserError(
            f"{len(failures)} of {len(cells)} cells failed, so there is no verdict: {named}",
            f"read {home / 'logs'}; the same command keeps what is done and runs the rest",
        )
    return table


def rows_of(table: JobTable, cells: Sequence[Cell]) -> list[Row]:
    """The figures of finished cells."""
    jobs = [Job(cell.arm, cell.seed) for cell in cells]
    return [Row(j.condition, j.seed, table.metrics_of(j), table.series_of(j)) for j in jobs]
