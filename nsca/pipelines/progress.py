"""What of a pipeline is done, and the command of each step with what it needs filled in.

A step is done when its command has finished as it would be given now. Its identity is what counts
of the command: the configuration without where and how (`config_fingerprint`), which names the
run directories that it needs, with the fingerprints of their data; the data as it lies there where
no step makes it; for an evaluation also its code, that of the run that it judges, and versions; for
a gate its settings, seeds, code and versions (`settings_fingerprint`). As with `resume=auto`, the
code of a training does not count: remove its run directory to train again.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from nsca.assembly import build, plain
from nsca.code_fingerprint import code_fingerprint, target_modules
from nsca.composition import compose
from nsca.errors import UserError
from nsca.gates.run import gate_of, settings_fingerprint
from nsca.gates.verdict import Verdict
from nsca.pipelines.journal import Journal, StepRecord
from nsca.pipelines.pipeline import Pipeline
from nsca.run_card import RUN_CARD, config_fingerprint, load_run_card, package_versions
from nsca.run_directory import CONFIG
from nsca.trained_phase import load_config

SEEDED = frozenset({"babble", "train", "evaluate"})


@dataclass(frozen=True)
class Shared:
    """What the pipeline decides for all of its steps.

    Attributes:
        outputs: folder of run directories.
        hardware: overrides that choose the profile of the trainings, `hardware=<name>` first.
        seed: of all but gates, which have their own.
    """

    outputs: str
    hardware: tuple[str, ...]
    seed: int


def hardware_overrides(cfg: DictConfig) -> tuple[str, ...]:
    """The profile of a configuration as overrides: its name, and what differs from its file."""
    name = cfg.hardware.name
    chosen, own = _flat(cfg.hardware), _flat(compose("train", [f"hardware={name}"]).hardware)
    changed = (f"hardware.{key}={value}" for key, value in chosen.items() if own.get(key) != value)
    return f"hardware={name}", *changed


def _flat(node: DictConfig) -> dict[str, object]:
    inner = {k: v for k, v in node.items() if isinstance(v, DictConfig)}
    below = {f"{k}.{key}": value for k, v in inner.items() for key, value in _flat(v).items()}
    return {str(k): v for k, v in node.items() if k not in inner} | below


@dataclass(frozen=True)
class Command:
    """A command of the suite, composed and checked."""

    verb: str
    overrides: tuple[str, ...]
    config: DictConfig


class Progress:
    """Commands and identities of steps, judged by what the journal says.

    Args:
        pipeline: the steps.
        shared: what they share.
        journal: of what ran before.
    """

    def __init__(self, pipeline: Pipeline, shared: Shared, journal: Journal) -> None:
        self.pipeline = pipeline
        self.shared = shared
        self.journal = journal
        self._done: dict[str, bool] = {}
        self._configs: dict[tuple[str, tuple[str, ...]], DictConfig] = {}

    def command(self, name: str, hardware: Sequence[str] = ()) -> Command:
        """What to run for a step; a run that is not there yet stands as `<step>`.

        Args:
            name: of the step.
            hardware: overrides that choose another profile than the pipeline's.

        Raises:
            UserError: settings that its verb does not take.
        """
        step, shared = self.pipeline.steps[name], self.shared
        common = [f"outputs={_quoted(shared.outputs)}"]
        common += [f"seed={shared.seed}"] if step.verb in SEEDED else []
        if step.verb == "train":
            common += [*(hardware or shared.hardware), "resume=auto"]
        filled = [f"{setting}={_quoted(self._run(o))}" for setting, o in step.needs.items()]
        overrides = [*common, *step.settings, *filled]
        if step.verb == "babble" and not any(o.startswith("path=") for o in step.settings):
            # Other settings are another set: a folder of one would refuse the other.
            mark = config_fingerprint(self._composed("babble", tuple(overrides)))[:12]
            overrides.append(f"path={_quoted(f'{shared.outputs}/data/{name}-{mark}')}")
        own = tuple(overrides)
        return Command(step.verb, own, self._composed(step.verb, own))

    def _composed(self, verb: str, overrides: tuple[str, ...]) -> DictConfig:
        """Composed once: it takes a third of a second, and is asked for at every question."""
        if (verb, overrides) not in self._configs:
            self._configs[verb, overrides] = compose(verb, overrides)
        return self._configs[verb, overrides]

    def _run(self, name: str) -> str:
        record = self.journal.records.get(name)
        return record.run if record is not None and record.run is not None else f"<{name}>"

    def identity(self, name: str, command: Command) -> str:
        """sha256 of all that decides what the command makes."""
        config = command.config
        if command.verb == "gate":
            return settings_fingerprint(gate_of(config), config, config.quick)
        needs = self.pipeline.steps[name].needs
        needed = {
            setting: load_run_card(self.run(other)).get("data_fingerprint")
            for setting, other in needs.items()
        }
        judged = _judged(config) if command.verb == "evaluate" else None
        data = config.get("data") or (judged or {}).get("data")
        if data and "data.path" not in needs:
            needed["data"] = _fingerprint_there(data)
        content: list[Any] = [command.verb, config_fingerprint(config), needed]
        if command.verb == "evaluate":
            modules = {"nsca.evaluation", *target_modules([plain(config), plain(judged)])}
            content += [code_fingerprint(modules), package_versions()]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def is_done(self, name: str) -> bool:
        """Whether the step's command, as it would be given now, has finished, as have those that it
        needs, and what they made is still there. Found out once.
        """
        if name not in self._done:
            needed = self.pipeline.steps[name].needs.values()
            self._done[name] = all(map(self.is_done, needed)) and self._is_as_finished(name)
        return self._done[name]

    def _is_as_finished(self, name: str) -> bool:
        record = self.journal.records.get(name)
        if record is None or record.run is None or not _is_finished(Path(record.run)):
            return False
        return record.identity == self.identity(name, self.command(name))

    def has_finished(self, name: str, record: StepRecord) -> None:
        """Note that a step's command has finished just now."""
        self.journal.write(name, record)
        self._done[name] = True

    def unpassed(self, name: str) -> dict[str, str]:
        """The gates of a step that have not passed, each with what it says instead."""
        verdicts = {gate: self.verdict(gate) for gate in self.pipeline.steps[name].gates}
        return {
            gate: _in_words(verdict)
            for gate, verdict in verdicts.items()
            if verdict is None or not verdict.passed
        }

    def verdict(self, gate: str) -> Verdict | None:
        """What a gate said; None when it has not been asked, or failed, or was asked otherwise."""
        return Verdict.read(self.run(gate) / "verdict.json") if self.is_done(gate) else None

    def run(self, name: str) -> Path:
        """The run directory of a step that is done."""
        return Path(self._run(name))


def _in_words(verdict: Verdict | None) -> str:
    if verdict is None:
        return "no verdict"
    return "only a smoke run" if verdict.group == "smoke" else str(verdict.kind).replace("_", " ")


def _judged(config: DictConfig) -> DictConfig | None:
    """The configuration of the run that an evaluation judges; None where it is not there."""
    run = Path(str(config.get("run")))
    return load_config(run) if (run / CONFIG).is_file() else None


def _fingerprint_there(data: DictConfig) -> str:
    """Of the data as it lies there; empty where it cannot be listed: the command says why."""
    try:
        return build(data).fingerprint()
    except UserError:
        return ""


def _is_finished(run: Path) -> bool:
    return (run / RUN_CARD).is_file() and load_run_card(run).get("status") == "finished"


def _quoted(text: str) -> str:
    """As a value on Hydra's command line, whatever is in it."""
    if re.fullmatch(r"[\w./-]+", text):
        return text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
