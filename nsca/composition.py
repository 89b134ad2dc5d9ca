"""Composing a configuration with Hydra, and saying in one line what is wrong with it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError, safe_load

from nsca.conf_folder import config_directory
from nsca.config_check import check_config
from nsca.errors import UserError
from nsca.source_signature import signature_of
from nsca.spelling import advice, nearest

# ${sum:a,b}: how wide several things are side by side
OmegaConf.register_new_resolver("sum", lambda *numbers: sum(numbers), replace=True)


def _choices(*groups: str) -> str:
    """What there is to choose from, a line for each group."""
    lines = []
    for group in groups:
        names = sorted(file.stem for file in (config_directory() / group).glob("*.yaml"))
        lines.append(f"{group}: {', '.join(names)}")
    return "\n".join(lines)


# ${choices:phase,model}: in help texts; Hydra's own list has the groups of all commands
OmegaConf.register_new_resolver("choices", _choices, replace=True)


def compose(config_name: str, overrides: Sequence[str]) -> DictConfig:
    """Composes and checks one configuration.

    Args:
        config_name: root config, for example "train".
        overrides: as on the command line, for example ["phase=vision", "trainer.max_steps=20"].

    Returns:
        The configuration without Hydra's own node, resolved and read-only.

    Raises:
        UserError: for everything that is wrong with it.
    """
    directory = config_directory()
    overrides = [reach(override) for override in overrides]
    config: DictConfig | None = None
    try:
        with _own_hydra(directory, config_name):
            config = hydra_compose(config_name, overrides, return_hydra_config=True)
        with _hydra_config(config):  # ${hydra:runtime.choices.model} and the like
            plain = OmegaConf.to_container(
                _without_hydra(config), resolve=True, throw_on_missing=True
            )
        hydra = OmegaConf.to_container(config.hydra, resolve=False)
        _refuse_logging_changes(hydra)
        text = OmegaConf.to_yaml(_without_hydra(config))
        interpolated = frozenset(re.findall(r"\$\{\s*([A-Za-z_]\w*)\s*[.\[}]", text))
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise explain(error, config_name, config) from error
    if not isinstance(plain, dict):
        raise TypeError(f"a configuration is a mapping, not {type(plain).__name__}")
    try:
        check_config({**plain, "hydra": hydra}, config_name, interpolated)
    except UserError as error:
        raise UserError(error.cause + _where(error.cause), error.remedy) from None
    own = OmegaConf.create(plain)
    OmegaConf.set_readonly(own, True)
    return own


def _without_hydra(config: DictConfig) -> DictConfig:
    return OmegaConf.masked_copy(config, [key for key in config if key != "hydra"])


@contextmanager
def _own_hydra(directory: Path, config_name: str) -> Iterator[None]:
    """Hydra's global state for one composition, also inside a job of Hydra's own."""
    outer = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(directory), version_base="1.3", job_name=config_name):
            yield
    finally:
        GlobalHydra.instance().hydra = outer


def sweep_parser() -> OverridesParser:
    """Return a parser of overrides that also knows the choices of `group=glob(*)`."""
    with _own_hydra(config_directory(), "sweep"):
        return OverridesParser.create(GlobalHydra.instance().config_loader())


@contextmanager
def _hydra_config(config: DictConfig) -> Iterator[None]:
    before = HydraConfig.instance().cfg
    HydraConfig.instance().set_config(config)
    try:
        yield
    finally:
        HydraConfig.instance().cfg = before


def reach(override: str) -> str:
    """Let an override set what need not be listed in YAML, without a plus.

    Those are the arguments of Lightning's Trainer and the micro-batch of any phase; the check that
    follows the composition refuses misspelt ones.
    """
    if re.match(r"hardware\.micro_batch\.\w+=", override):
        return f"++{override}"
    match = re.match(r"trainer\.(\w+)(\.\w+)*=", override)
    if match and match[1] in signature_of("lightning.pytorch.trainer.trainer.Trainer").annotations:
        return f"++{override}"
    return override


def _refuse_logging_changes(hydra: Any) -> None:
    """Python's logging configuration can call anything by name: a config may not bring one."""
    for node in ("job_logging", "hydra_logging"):
        text = str(hydra.get(node))
        if any(mark in text for mark in ("'()'", "cfg://")) or re.search(
            r"'class': '(?!logging\.|colorlog\.)", text
        ):
            raise UserError(
                f"hydra.{node} may only use logging's own classes", f"remove hydra.{node}"
            )


def explain(error: Exception, config_name: str, config: DictConfig | None = None) -> UserError:
    """Hydra's and OmegaConf's errors as one line with the nearest right word."""
    inner: BaseException = error
    while not isinstance(inner, OmegaConfBaseException) and inner.__cause__ is not None:
        inner = inner.__cause__
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, choice = str(error.missing_cfg_file).rpartition("/")
        return UserError(f"there is no {group}={choice}", advice(choice, error.options, "choice"))
    if (
        isinstance(inner, OmegaConfBaseException)
        and inner.parent_node is not None
        and inner.key is not None
    ):
        full_key = inner.full_key or str(inner.key)
        siblings = (
            {str(key) for key in inner.parent_node}
            if isinstance(inner.parent_node, DictConfig)
            else set()
        )
        if "Interpolation" in type(inner).__name__:
            if failed := re.search(r"raised while resolving interpolation: (.*)", str(inner)):
                return UserError(
                    f"'{full_key}' cannot be worked out from what it refers to: {failed[1]}",
                    "correct the value of one of those keys",
                )
            missing = re.search(r"key '([^']+)' not found", str(inner))
            word = missing[1] if missing else full_key
            remedy = "correct the reference"
            if near := nearest(*_missing_part(word, config)):
                remedy = f"there is '{near}': one of the two is misspelt"
            elif word.split(".")[0] in _groups():
                remedy = f"a list named 'defaults' has to choose from the group '{word}'"
            return UserError(f"'{full_key}' refers to '{word}', which does not exist", remedy)
        if str(inner.key) in siblings:
            return UserError(f"{full_key}: {_first_line(inner)}", "give a value of that kind")
        siblings -= set() if full_key != inner.key else {"hydra"}
        known = siblings | (_groups_of(config_name) if full_key == inner.key else set())
        return UserError(f"unknown key '{full_key}'", advice(str(inner.key), known))
    text = _first_line(error)
    if match := re.search(r"Key '(\w+)' not in '(\w+)'", str(error)):
        known = signature_of(f"hydra.conf.{match[2]}").annotations
        return UserError(f"unknown key '{match[1]}' in the hydra node", advice(match[1], known))
    if match := re.search(r"Could not override '([^']+)'", text):
        word = match[1].split("@")[0]
        return UserError(
            f"{_command(config_name)} has nothing called '{word}' to choose or set",
            _key_advice(word, config_name),
        )
    if isinstance(error, YAMLError):
        mark = getattr(error, "problem_mark", None)
        place = f"{mark.name}, line {mark.line + 1}" if mark else "a config file"
        return UserError(
            f"{place} is not valid YAML: {getattr(error, 'problem', text)}", "correct that line"
        )
    return UserError(text, f"{_command(config_name)} --help")


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _groups() -> set[str]:
    return {folder.name for folder in config_directory().iterdir() if folder.is_dir()}


def _groups_of(config_name: str) -> set[str]:
    """Groups that the root config's defaults list names: those that a verb lets one choose from."""
    root = safe_load((config_directory() / f"{config_name}.yaml").read_text(encoding="utf-8"))
    entries = [entry for entry in root.get("defaults", []) if isinstance(entry, dict)]
    return {str(group) for entry in entries for group in entry}


def _key_advice(word: str, config_name: str) -> str:
    """Nearest key of the plain composition, for words that were not found in it."""
    if word in _groups():  # of another command, or of a node further down
        return f"{_command(config_name)} --help says what it takes"
    candidates = _groups()
    if config_name:
        text = (config_directory() / f"{config_name}.yaml").read_text(encoding="utf-8")
        candidates |= set(re.findall(r"^(\w+):", text, flags=re.MULTILINE)) - {"defaults", "hydra"}
    for file in config_directory().glob("*/*.yaml"):
        candidates |= set(
            re.findall(r"^(\w+):", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        )
    return advice(word.split(".")[-1] if "." in word else word, candidates - {word})


def _command(config_name: str) -> str:
    return f"python -m nsca.{config_name or 'train'}"


def _missing_part(word: str, config: DictConfig | None) -> tuple[str, set[str]]:
    """The first part of a dotted name that does not exist, and the keys in its place."""
    node: Any = config
    for part in word.split("."):
        if not isinstance(node, DictConfig):
            return part, set()
        if part not in node:
            return part, {str(key) for key in node}
        node = node._get_node(part)
    return word, set()


def shape_advice(word: str) -> str:
    """Return what to write instead of a word that is not key=value."""
    for group in sorted(_groups()):
        if (config_directory() / group / f"{word}.yaml").is_file():
            return f"write {group}={word}"
    match = nearest(word, _groups())
    return f"write {match}=<choice>" if match else "write key=value, for example phase=vision"


def _where(cause: str) -> str:
    """', in conf/x/y.yaml line n' for a key that stands in exactly one config file."""
    match = re.search(r"unknown key '(?:.*\.)?([\w-]+)'", cause)
    if match is None:
        return ""
    directory, places = config_directory(), []
    for file in sorted(directory.rglob("*.yaml")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if re.match(rf"\s*{re.escape(match[1])}\s*:", line):
                places.append(f", conf/{file.relative_to(directory).as_posix()} line {number}")
    return places[0] if len(places) == 1 else ""
