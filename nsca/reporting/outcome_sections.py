"""What a report says of agents: their figures side by side, with intervals, and a film."""

from collections.abc import Mapping, Sequence

import numpy as np

from nsca.benchmarks.outcomes import FILM, IMAGINED, MODEL_ERROR, SUCCESS, Outcome
from nsca.reporting import page
from nsca.reporting.pictures import data_uri
from nsca.reporting.run_record import RunRecord
from nsca.statistics import mean_and_standard_error

NAMES = {
    "trained": "trained",
    "untrained": "untrained twin",
    "accept_all": "plans taken by chance",
    "warped": "warped demonstrations, no model",
    "model_removed": "without its model",
    "nearest_replay": "nearest demonstration replayed",
    "plain_bc": "cloning",
    "relative_bc": "cloning on relative features",
    "ensemble_bc": "five of these",
    "still": "nothing moves",
}
FIGURES = {
    SUCCESS: "success",
    IMAGINED: "imagined success",
    MODEL_ERROR: "model's error in cm",
}


def sentences(outcomes: Sequence[Outcome]) -> list[str]:
    """One for each task and number of demonstrations: success of every agent, ours first."""
    found = []
    for (task, count), here in _by_setting(outcomes).items():
        rates = [
            f"{page.escape(NAMES.get(agent, agent))} {spread(values)}"
            for agent, values in _by_agent([o for o in here if o.figure == SUCCESS]).items()
        ]
        if rates:
            rates[0] = f"<b>{rates[0]}</b>"
            said = f"from {count} demonstrations" if count else "without demonstrations"
            found.append(f"success at {page.escape(task)} {said}: {', '.join(rates)}.")
    return found


def acting(grouped: Mapping[str, Sequence[RunRecord]]) -> str:
    """Tables of every condition, and the film of the first run that has one."""
    parts = []
    for name, runs in grouped.items():
        outcomes = [outcome for run in runs for outcome in run.outcomes]
        title = f"<h3>{page.escape(name)}</h3>" if outcomes and len(grouped) > 1 else ""
        parts += [title, _table(outcomes) if outcomes else ""]
    parts.append(_film([run for runs in grouped.values() for run in runs]))
    intro = (
        "Success: the share of evaluation episodes that succeed at any step, the same ones for "
        "every agent; in brackets its 95 % interval over episodes, ± the standard error over "
        "seeds. Imagined success: plans that end within 4 cm of their promise in the model. The "
        "model's error: of places an eighth of a second ahead, on held-out demonstrations."
    )
    return page.section("How it acts", *parts, intro=intro)


def _table(outcomes: Sequence[Outcome]) -> str:
    agents = list(dict.fromkeys(outcome.agent for outcome in outcomes))
    rows, best = [], []
    for (task, count), here in _by_setting(outcomes).items():
        for figure in (name for name in FIGURES if any(o.figure == name for o in here)):
            shown = [o for o in here if o.figure == figure]
            cells = [[o for o in shown if o.agent == agent] for agent in agents]
            worlds = ", ".join(dict.fromkeys(o.world for o in shown))
            number = f"{len(cells[0] or shown)} x {shown[0].samples:,}"
            texts = [_cell(each) for each in cells]
            rows.append([task, str(count), FIGURES[figure], *texts, number, worlds])
            sign = -1.0 if figure == MODEL_ERROR else 1.0
            means = [sign * np.mean([o.value for o in each]) if each else -np.inf for each in cells]
            best.append(3 + int(np.argmax(means)))
    head = ["task", "demonstrations", "figure", *(NAMES.get(a, a) for a in agents)]
    return page.table([*head, "seeds x samples", "world"], rows, best)


def _cell(outcomes: Sequence[Outcome]) -> str:
    if len(outcomes) == 1 and np.isfinite(outcomes[0].low):
        only = outcomes[0]
        return f"{only.value:.3f} ({only.low:.2f} to {only.high:.2f})"
    return spread([outcome.value for outcome in outcomes])


def _film(runs: Sequence[RunRecord]) -> str:
    for run in runs:
        file = run.evaluation / FILM if run.evaluation is not None else None
        if file is not None and file.is_file():
            caption = "Evaluation episodes of the trained agent, one after the other, in real time"
            return page.picture(data_uri(file.read_bytes(), "image/gif"), caption)
    return ""


def _by_setting(outcomes: Sequence[Outcome]) -> dict[tuple[str, int], list[Outcome]]:
    keys = dict.fromkeys((o.task, o.demonstrations) for o in outcomes)
    return {key: [o for o in outcomes if (o.task, o.demonstrations) == key] for key in keys}


def _by_agent(outcomes: Sequence[Outcome]) -> dict[str, list[float]]:
    agents = dict.fromkeys(outcome.agent for outcome in outcomes)
    return {agent: [o.value for o in outcomes if o.agent == agent] for agent in agents}


def spread(values: Sequence[float]) -> str:
    """Mean ± standard error as text; empty without values."""
    if not values:
        return ""
    mean, error = mean_and_standard_error(values)
    return f"{mean:.3f}" if np.isnan(error) else f"{mean:.3f} ± {error:.3f}"
