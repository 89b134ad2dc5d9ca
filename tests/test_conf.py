"""Every choice of every group composes and passes the check; no misspelt key of any file does."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from nsca import composition
from nsca.composition import compose
from nsca.config_check import check_targets
from nsca.errors import UserError

CONF = Path(__file__).parent.parent / "conf"
# nodes whose keys are names that the file itself chooses
FREE_NAMES = re.compile(
    r"^(study:(conditions|baselines|earlier|arms)|logger:|phase:watch|pipeline:steps(\.\w+\.needs)?)$"
)


def groups_of(root: Path) -> dict[str, list[str]]:
    """The groups in a root's defaults list, with the choices that exist for each."""
    names = [
        next(iter(entry)).split("@")[0].removeprefix("override ").strip("/")
        for entry in yaml.safe_load(root.read_text()).get("defaults", [])
        if isinstance(entry, dict)
    ]
    return {name: sorted(path.stem for path in (CONF / name).glob("*.yaml")) for name in names}


def nested_groups(file: Path) -> list[tuple[str, str]]:
    """Groups that a choice's own defaults list names (as `/group` or `/group@key`), each with what
    overrides it on the command line.
    """
    text = file.read_text()
    found = re.match(r"# @package (\S+)", text)
    package = found[1] if found else file.parent.name
    names = [
        next(iter(entry)).removeprefix("override ").removeprefix("/")
        for entry in yaml.safe_load(text).get("defaults", [])
        if isinstance(entry, dict)
    ]
    groups = []
    for name in names:
        group, _, key = name.partition("@")
        place = [] if package == "_global_" else [package]
        where = ".".join([*place, key or group])
        groups.append((group, group if where == group else f"{group}@{where}"))
    return groups


def compositions() -> list[tuple[str, str, str]]:
    """(root, overrides, file whose choice it is) of every choice, nested ones with their outer."""
    found = []
    for root in sorted(CONF.glob("*.yaml")):
        found.append((root.stem, "", root.name))
        for group, choices in groups_of(root).items():
            for choice in choices:
                outer = f"{group}={choice}"
                found.append((root.stem, outer, f"{group}/{choice}.yaml"))
                for inner, key in nested_groups(CONF / group / f"{choice}.yaml"):
                    found += [
                        (root.stem, f"{outer} {key}={path.stem}", f"{inner}/{path.name}")
                        for path in sorted((CONF / inner).glob("*.yaml"))
                    ]
    return found


@pytest.mark.parametrize(("root", "overrides", "file"), compositions())
def test_every_choice_composes_and_passes_the_check(root: str, overrides: str, file: str):
    assert (CONF / file).is_file()
    config = compose(root, overrides.split())
    assert "seed" in config or root not in {"train", "babble"}


def test_every_group_is_used_and_has_choices():
    used = {file.split("/")[0] for _, _, file in compositions() if "/" in file}
    groups = {folder.name for folder in CONF.iterdir() if folder.is_dir()}
    assert groups
    assert groups == used
    assert len(compositions()) > 20


def test_every_target_in_every_file_is_allowed():
    seen = 0
    for path in sorted(CONF.rglob("*.yaml")):
        values = yaml.safe_load(path.read_text())
        seen += str(values).count("_target_")
        check_targets({key: value for key, value in values.items() if key != "hydra"})
    assert seen >= 10


def keys_of(text: str) -> list[tuple[int, int, str, str]]:
    """(start, end, key, path of the node it stands in) of every key in a YAML text."""
    return list(_keys(yaml.compose(text), ""))


def _keys(node: yaml.Node | None, path: str) -> Iterator[tuple[int, int, str, str]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key.start_mark.index, key.end_mark.index, key.value, path
            yield from _keys(value, f"{path}.{key.value}".strip("."))


def misspelt(key: str) -> str:
    """The key with a letter doubled in its middle."""
    middle = len(key) // 2
    return key[: middle + 1] + key[middle:]


def files() -> list[tuple[str, str, str]]:
    """Every file once, with a composition that reads it."""
    found = {file: (root, overrides, file) for root, overrides, file in reversed(compositions())}
    return sorted(found.values(), key=lambda entry: (entry[2].count("/"), entry[2]))


@pytest.mark.parametrize(("root", "overrides", "file"), files())
def test_every_misspelt_key_is_refused_with_the_right_one(
    root: str, overrides: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    copy = tmp_path / "conf"
    shutil.copytree(CONF, copy)
    monkeypatch.setattr(composition, "config_directory", lambda: copy)
    text = (copy / file).read_text()
    tried, missed = 0, []
    for start, end, key, path in keys_of(text):
        if FREE_NAMES.match(f"{file.split('/')[0]}:{path}"):
            continue
        tried += 1
        (copy / file).write_text(text[:start] + misspelt(key) + text[end:])
        try:
            compose(root, overrides.split())
        except UserError as error:
            both_named = key in error.cause and misspelt(key) in error.remedy
            if key not in error.remedy and not both_named:
                missed.append(f"{path}.{key}: {error.cause} / {error.remedy}")
        else:
            missed.append(f"{path}.{key}: accepted")
    assert tried >= 1
    assert not missed, "\n".join(missed)


def test_the_folder_of_choices_is_not_changed_by_mutating_a_copy():
    assert compose("train", []).name == "vision-nsca"
