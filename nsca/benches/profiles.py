"""The phases on the profiles of one device, and what each of a GPU's options gains.

A row is measured in a process of its own (`nsca.benches.profile_step`) and written at once: where a
file holds rows of this code and machine, only those that are missing or failed are measured.
Without the device, a row says what was counted and leaves what would be measured empty; a row that
was measured where there is one stays.
"""

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nsca.benches.measurement import figures_in_own_process
from nsca.composition import compose
from nsca.errors import UserError
from nsca.hardware import describe_hardware, may_have, profile_of
from nsca.reporting.tables import csv_table, markdown_table
from nsca.run_card import commit, write_atomically

PHASES = ("vision", "audio", "fusion", "dynamics", "full")  # memory takes dynamics' steps
PROFILES = ("cpu", "8gb", "16gb", "24gb", "a100")
OPTIONS: Mapping[str, tuple[str, ...]] = {  # of the profile 24gb, each against the first
    "bf16": (),
    "fp32": ("hardware.precision=32-true",),
    "bf16, compiled": ("hardware.compile=true",),
    "bf16, CUDA graphs": ("--graphs",),
    "bf16, checkpointing": ("hardware.gradient_checkpointing=true",),
}
OPTIONS_BASE = ("hardware=24gb", "hardware.compile=false")
MEASURED = ("peak_gb", "samples_per_s", "busy")
COLUMNS = (
    *("phase", "profile", "option", "precision", "effective_batch", "micro_batch", "planned_gb"),
    *(*MEASURED, "device", "commit", "note"),
)


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        phase, profile: as in `phase=` and `hardware=`.
        option: one of OPTIONS; empty for a profile as it is.
    """

    phase: str
    profile: str
    option: str = ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """Of `nsca.benches.profile_step`."""
        own = (f"phase={self.phase}", "model=nsca")
        if not self.option:
            return (*own, f"hardware={self.profile}")
        return (*own, *OPTIONS_BASE, *OPTIONS[self.option])

    @property
    def accelerator(self) -> str:
        """That the profile asks for."""
        return "cpu" if self.profile == "cpu" else "cuda"


Row = Mapping[str, str]


def cases() -> Iterator[Case]:
    """Profiles first, then the options of a GPU."""
    for phase in PHASES:
        for profile in PROFILES:
            yield Case(phase, profile)
    for phase in PHASES:
        for option in OPTIONS:
            yield Case(phase, "24gb", option)


def measure_profiles(path: Path, steps: Mapping[str, int]) -> list[Row]:
    """Measure what `path` does not hold yet, write it there, and return all rows.

    Args:
        path: a CSV file with COLUMNS.
        steps: timed, by accelerator.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    known: dict[tuple[str, ...], Row] = {_key(row): row for row in _read(path)}
    wanted = {(case.phase, case.profile, case.option): case for case in cases()}
    for number, (key, case) in enumerate(wanted.items(), 1):
        if key in known and _stays(known[key], case):
            continue
        known[key] = _measure(case, steps[case.accelerator])
        print(f"{number}/{len(wanted)} {' '.join(case.arguments)}", file=sys.stderr)
        rows = [known[key] for key in wanted if key in known]
        text = csv_table(COLUMNS, [[row[name] for name in COLUMNS] for row in rows])
        write_atomically(path, text.encode())
    return [known[key] for key in wanted]


def tables(rows: Sequence[Row]) -> str:
    """Two tables in Markdown: the profiles, and what each option gains beside plain bf16."""
    bf16 = {row["phase"]: row for row in rows if row["option"] == "bf16"}
    profiles = [
        [
            f"{row['phase']}, {row['profile']}",
            f"{row['effective_batch']} by {row['micro_batch']}",
            row["precision"],
            row["planned_gb"] or "-",
            *_measured(row),
        ]
        for row in rows
        if not row["option"]
    ]
    options = [
        [
            f"{row['phase']}, {row['option']}",
            row["planned_gb"] or "-",
            *_measured(row),
            _gain(row, bf16[row["phase"]]),
        ]
        for row in rows
        if row["option"]
    ]
    measured = ["GB at most", "samples/s", "GPU busy"]
    heads = ["phase, profile", "batch", "precision", "GB counted", *measured]
    first = markdown_table(heads, profiles)
    heads = ["phase, option on 24gb", "GB counted", *measured, "times bf16"]
    return f"{first}\n{markdown_table(heads, options)}"


def _key(row: Row) -> tuple[str, ...]:
    return row["phase"], row["profile"], row["option"]


def _stays(row: Row, case: Case) -> bool:
    """Whether a row needs no measuring here and now."""
    device = _device(case)
    if not device and row["samples_per_s"]:
        return True  # measured elsewhere, and nobody here can do better
    done = bool(row["samples_per_s"]) if device else not row["note"]
    return done and (row["commit"], row["device"]) == (commit(), device)


def _measured(row: Row) -> list[str]:
    if row["note"]:
        return [row["note"], *"-" * (len(MEASURED) - 1)]
    return [row[name] or "-" for name in MEASURED]


def _gain(row: Row, bf16: Row) -> str:
    """How many times as fast as without the option."""
    if not (row["samples_per_s"] and bf16["samples_per_s"]):
        return "-"
    return f"{float(row['samples_per_s']) / float(bf16['samples_per_s']):.2f}"


def _measure(case: Case, steps: int) -> Row:
    overrides = [argument for argument in case.arguments if not argument.startswith("--")]
    cfg = compose("train", overrides)
    hardware, effective = profile_of(cfg), int(cfg.effective_batch)
    row = dict.fromkeys(COLUMNS, "") | {
        "phase": case.phase,
        "profile": case.profile,
        "option": case.option,
        "precision": hardware.precision,
        "effective_batch": str(effective),
        "micro_batch": str(hardware.micro_batch_for(case.phase, effective)),
        "device": _device(case),
        "commit": commit(),
    }
    try:
        module, limit = "nsca.benches.profile_step", ("--steps", str(steps))
        found = figures_in_own_process(module, *case.arguments, *limit)
    except UserError as error:  # one option that does not run must not end the table
        return row | {"note": f"failed: {error.cause}"}
    if "micro_batch" in found:
        row["micro_batch"] = f"{found.pop('micro_batch'):.0f}"
    return row | {name: _number(value) for name, value in found.items()}


def _number(value: float) -> str:
    """Three digits and more, never as a power of ten."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _device(case: Case) -> str:
    """What it runs on here; empty where this machine has no such device."""
    if not may_have(case.accelerator):
        return ""
    found = describe_hardware()
    if case.accelerator == "cuda":
        return str(found.get("gpu", ""))
    return f"{found.get('processor', found['machine'])}, {found['cores']} cores"


def _read(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
