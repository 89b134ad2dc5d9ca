"""`dry_run=true`: the steps of a pipeline, what is done, and what the rest would take where.

A training's time follows from its settings (`nsca.plan`): measured here for a profile that is this
machine's processor, else planned from counted operations. Everything else runs on processors
whatever the profile, for the minutes that its step says, and costs what the machine costs
meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nsca.composition import compose
from nsca.conf_folder import config_directory
from nsca.hardware import HardwareProfile, profile_of
from nsca.pipelines.progress import Progress
from nsca.plan import duration, make_plans

MARK = "*"


@dataclass(frozen=True)
class Estimate:
    """Of a step under one hardware profile.

    Attributes:
        seconds: None where nothing says how long it takes.
        cost_usd: at the profile's price.
        planned: not measured on this machine.
    """

    seconds: float | None
    cost_usd: float
    planned: bool


def print_pipeline(progress: Progress, name: str) -> None:
    """Print steps, states, times and costs; nothing is made."""
    steps = progress.pipeline.order()
    missing = [step for step in steps if not progress.is_done(step)]
    print(f"pipeline {name}: {len(steps)} steps, {len(missing)} to run\n")
    titles = ("step", "provides", "needs", "gates", "state")
    rows = [titles, *(_row(progress, step) for step in steps)]
    print("\n".join(_aligned(rows)))
    profiles = hardware_profiles(progress.shared.hardware)
    estimates = {step: _estimates(progress, step, profiles) for step in missing}
    rows = [("time to come", *(profile.name for profile in profiles.values()))]
    rows += [(step, *map(_time, estimates[step])) for step in missing]
    totals = [_sum([estimates[step][n] for step in missing]) for n in range(len(profiles))]
    rows.append(("in all", *map(_time, totals)))
    rows.append(("cost, USD", *(f"{each.cost_usd:.2f}{_mark(each)}" for each in totals)))
    print("\n" + "\n".join(_aligned(rows)))
    print(f"\n{MARK} planned, not measured on this machine")


def hardware_profiles(chosen: Sequence[str]) -> dict[tuple[str, ...], HardwareProfile]:
    """Every choice of `hardware=` by its overrides, cheap ones first.

    Args:
        chosen: overrides of the one that the pipeline has, which may differ from its file.
    """
    files = sorted((config_directory() / "hardware").glob("*.yaml"))
    own = {chosen[0]: tuple(chosen)}
    names = [f"hardware={file.stem}" for file in files]
    overrides = [own.get(name, (name,)) for name in names]
    profiles = {each: profile_of(compose("train", each)) for each in overrides}
    return dict(sorted(profiles.items(), key=lambda item: item[1].cost_per_hour))


def _row(progress: Progress, name: str) -> tuple[str, ...]:
    step, record = progress.pipeline.steps[name], progress.journal.records.get(name)
    state = "to run"
    if progress.is_done(name) and record is not None:
        verdict = progress.verdict(name) if step.verb == "gate" else None
        state = f"done in {duration(record.seconds)}" + (f": {verdict.kind}" if verdict else "")
    elif record is not None and record.run is None:
        state = f"to run (was {record.state})"
    needs = ", ".join(dict.fromkeys(step.needs.values()))
    return name, step.provides, needs, ", ".join(step.gates), state


def _estimates(
    progress: Progress, name: str, profiles: Mapping[tuple[str, ...], HardwareProfile]
) -> list[Estimate]:
    step = progress.pipeline.steps[name]
    if step.verb == "train":
        plans = make_plans([progress.command(name, hardware).config for hardware in profiles])
        return [Estimate(p.seconds, p.cost_usd or 0.0, planned=not p.measured) for p in plans]
    seconds = None if step.minutes is None else 60 * step.minutes
    hours = (seconds or 0.0) / 3600
    return [
        Estimate(seconds, hours * profile.cost_per_hour * profile.nodes, planned=True)
        for profile in profiles.values()
    ]


def _sum(estimates: Sequence[Estimate]) -> Estimate:
    known = [each.seconds for each in estimates if each.seconds is not None]
    return Estimate(
        sum(known),
        sum(each.cost_usd for each in estimates),
        planned=any(each.planned for each in estimates),
    )


def _time(estimate: Estimate) -> str:
    text = "unknown" if estimate.seconds is None else duration(estimate.seconds)
    return text + _mark(estimate)


def _mark(estimate: Estimate) -> str:
    return MARK if estimate.planned else ""


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(f"{t:<{w}}" for t, w in zip(row, widths, strict=True)) for row in rows)
    return [line.rstrip() for line in lines]
