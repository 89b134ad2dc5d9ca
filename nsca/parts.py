"""Parts of earlier runs: which run a part comes from, whether it fits, and its weights.

A part is an entry of the `model` group. Each phase says in `PARTS` which ones it holds, and where;
`parts.<name>=<run directory>` or `latest` starts it from there, `null` from fresh weights.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from inspect import Parameter, signature
from itertools import combinations
from pathlib import Path
from typing import Any

from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from nsca.assembly import phase_class, plain
from nsca.errors import UserError
from nsca.notice import notice
from nsca.phases.part_versions import check_part_versions
from nsca.phases.phase import Phase
from nsca.run_card import load_run_card
from nsca.trained_phase import best_or_last, load_config

LATEST = "latest"
_SENSES = ("model.vision", "model.audio", "model.proprioception")
_IMAGINATION = (
    "dt_s", "past", "ahead", "drives", "linear", "prior", "substeps", "weight.floor",
)  # fmt: skip
MADE_FOR = {
    "fusion": (*_SENSES, "model.fusion"),
    "dynamics": (
        *_SENSES,
        "model.fusion",
        "model.dynamics",
        "model.temporal",
        "model.prototypes",
        *(f"phase.imagination.{key}" for key in _IMAGINATION),
    ),
}
"""Settings without which weights of a part mean something else, where they are more than those of
the model's entry of that name: another number of heads takes the same weights."""
TRAINING_PRESETS = frozenset({"off", "anomaly"})
"""Choices of `debug` whose runs learn what they were asked to."""


def with_found_parts(cfg: DictConfig) -> DictConfig:
    """Return the configuration with the directory of every part's run instead of `latest`.

    Raises:
        UserError: no run has the part, or none that fits; a directory that is no such run; two
            parts that hold the same weights.
    """
    chosen = plain(cfg.parts)
    found: dict[str, str | None] = {}
    for name, where in chosen.items():
        if where is None:
            found[name] = None
            continue
        run = _latest(name, cfg) if where == LATEST else Path(where)
        _check_fit(name, run, cfg)
        if where == LATEST:
            _say(name, run, cfg)
        found[name] = str(run)
    _refuse_overlaps([name for name, run in found.items() if run], phase_class(cfg).parts)
    own = OmegaConf.create(plain(cfg))
    own.parts = found
    OmegaConf.set_readonly(own, True)
    return own


def _refuse_overlaps(names: Sequence[str], modules: Mapping[str, Sequence[str]]) -> None:
    """Raises UserError where what one of the parts brings would be put over another's."""
    pairs = {
        (one, other): both[0]
        for one, other in combinations(names, 2)
        if (both := _overlap(modules[one], modules[other]))
    }
    if pairs:
        cause = (
            f"parts.{a} and parts.{b} both bring weights of {x}" for (a, b), x in pairs.items()
        )
        often = Counter(name for pair in pairs for name in pair)
        hub, *rest = [name for name, _ in often.most_common()]
        given_up = " ".join(f"parts.{name}=null" for name in rest)
        raise UserError("; ".join(cause), f"{given_up}, or parts.{hub}=null")


def _overlap(some: Sequence[str], others: Sequence[str]) -> list[str]:
    """Names of modules of the one that are, or are in, modules of the other, or the other way."""
    return [
        max(a, b, key=len)
        for a in some
        for b in others
        if f"{a}.".startswith(f"{b}.") or f"{b}.".startswith(f"{a}.")
    ]


def load_parts(phase: Phase, parts: Mapping[str, str | None]) -> None:
    """Put the weights of parts into a fresh phase.

    Args:
        phase: to be trained.
        parts: directory of a run by name, as `with_found_parts` gives them; None leaves fresh
            weights.

    Raises:
        UserError: weights that do not fit although the settings do, or that mean something else.
    """
    for name, run in parts.items():
        if run is None:
            continue
        theirs = phase_class(load_config(run)).parts[name]
        content = best_or_last(Path(run))
        check_part_versions(content, [name], run)
        weights = content["state_dict"]
        for there, here in zip(theirs, phase.parts[name], strict=True):
            module = phase.get_submodule(here)
            own = {k.removeprefix(f"{there}."): w for k, w in weights.items() if _is_in(k, there)}
            try:
                module.load_state_dict(own)
            except RuntimeError as error:
                raise UserError(
                    f"{run} holds a part {name} that does not fit: {' '.join(str(error).split())}",
                    "another model or version of the code made it; train it again with "
                    f"resume=never, or parts.{name}=null",
                ) from error


def _is_in(key: str, module: str) -> bool:
    return key.startswith(f"{module}.")


def _latest(name: str, cfg: DictConfig) -> Path:
    """The newest finished run that trained the part in our shape; else in any shape."""
    having = list(_finished_with(name, Path(cfg.outputs) / "train"))
    for run in having:
        if not _differences(name, load_config(run), cfg):
            return run
    if having:
        return having[0]
    raise UserError(
        f"parts.{name}=latest: no finished run in {cfg.outputs}/train has trained it",
        f"python -m nsca.train phase={name} with this model and data first, "
        f"or parts.{name}=null for fresh weights",
    )


def _finished_with(name: str, root: Path) -> Iterator[Path]:
    """Finished runs that trained the part, newest first; not those that were for debugging."""
    for card in sorted(root.glob("*/*/run.json"), key=lambda path: path.parent.name, reverse=True):
        run = card.parent
        try:
            if _trained(name, run):
                yield run
        except UserError as error:  # one run that cannot be read must not stand before the others
            notice(f"parts.{name}=latest passes {run} over: {error}")


def _trained(name: str, run: Path) -> bool:
    """Whether the run has finished, was meant to learn and trained the part."""
    if load_run_card(run).get("status") != "finished":
        return False
    config = load_config(run)
    preset = OmegaConf.select(config, "debug.name", default="off")
    if "phase" not in config or preset not in TRAINING_PRESETS:
        return False
    phase = phase_class(config)
    return name in phase.parts.keys() - phase.frozen


def _check_fit(name: str, run: Path, cfg: DictConfig) -> None:
    config = load_config(run)
    if "phase" not in config or name not in phase_class(config).parts:
        raise UserError(f"{run} has no part {name}", f"give a run that trained it, or {LATEST}")
    if wrong := _differences(name, config, cfg):
        raise UserError(
            f"the part {name} of {run} has another shape: {wrong[0]}",
            f"choose the same model, train it with this one, or parts.{name}=null",
        )


def _say(name: str, run: Path, cfg: DictConfig) -> None:
    """Which run was taken, and whether it has seen other data."""
    theirs, ours = (plain(config.data) for config in (load_config(run), cfg))
    same = all(theirs.get(key) == ours.get(key) for key in ("_target_", "path"))
    seen = "" if same else f"; it was trained on other data: {theirs.get('path')}"
    notice(f"parts.{name}=latest is {run}{seen}")


def _differences(name: str, theirs: DictConfig, ours: DictConfig) -> list[str]:
    there, here = (_shape(name, plain(cfg)) for cfg in (theirs, ours))
    # a setting that there was not yet has the value that it is left at
    there = {key: value for key, value in _defaults(plain(ours)).items() if key in here} | there
    return [
        f"{key} is {there.get(key)} there and {here.get(key)} here"
        for key in dict.fromkeys([*there, *here])
        if there.get(key) != here.get(key)
    ]


def _defaults(node: Any, path: str = "") -> dict[str, Any]:
    """What constructors take where nothing is given, by key."""
    if not isinstance(node, dict):
        return {}
    found = {}
    if target := node.get("_target_"):
        for name, parameter in signature(get_object(target)).parameters.items():
            if parameter.default is not Parameter.empty:
                found[f"{path}.{name}"] = parameter.default
    for key, value in node.items():
        found |= _defaults(value, f"{path}.{key}" if path else key)
    return found


def _shape(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """What a part's weights are made for, by key."""
    chosen = tuple(f"{key}." for key in MADE_FOR.get(name, (f"model.{name}",)))
    settings = _flat(config["model"], "model") | _flat(config["phase"], "phase")
    return {key: value for key, value in settings.items() if f"{key}.".startswith(chosen)}


def _flat(node: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(node, dict):
        return {path: node}
    return {k: v for key, value in node.items() for k, v in _flat(value, f"{path}.{key}").items()}
