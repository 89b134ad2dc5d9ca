"""requirements.lock covers what pyproject.toml asks for, hashed, and gives no address away."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version


def direct_dependencies(project: Path) -> list[Requirement]:
    table = tomllib.loads((project / "pyproject.toml").read_text())
    lines = [*table["project"]["dependencies"], *table["dependency-groups"]["dev"]]
    for extra in table["project"]["optional-dependencies"].values():
        lines += extra
    return [Requirement(line) for line in lines]


def locked(text: str) -> list[tuple[str, Version, int]]:
    """Name, version and number of hashes, once for each Python or system that differs."""
    entries = []
    for block in re.split(r"\n(?=\S)", text.strip()):
        pin = re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", block)
        assert pin, f"not a pinned requirement: {block[:80]!r}"
        hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block)
        entries.append((canonicalize_name(pin[1]), Version(pin[2]), len(hashes)))
    return entries


@pytest.fixture(scope="module")
def text(project: Path) -> str:
    return (project / "requirements.lock").read_text()


def test_every_direct_dependency_is_locked_in_its_range(project: Path, text: str):
    pins = locked(text)
    wanted = direct_dependencies(project)
    assert len(wanted) > 25
    for requirement in wanted:
        name = canonicalize_name(requirement.name)
        versions = [version for each, version, _ in pins if each == name]
        assert versions, f"{name} is not in requirements.lock: run `make lock`"
        outside = [v for v in versions if not requirement.specifier.contains(v, prereleases=True)]
        assert not outside, f"the lock has {name} {outside}, wanted is {requirement}: `make lock`"


def test_every_entry_is_hashed(text: str):
    pins = locked(text)
    assert len(pins) > 100
    assert [name for name, _, hashes in pins if hashes == 0] == []


def test_it_names_no_address(text: str):
    assert re.findall(r"\S*(?:://|--(?:index|extra-index|find-links)|file:|@ )\S*", text) == []


def test_releases_known_to_be_malicious_are_out_of_range(project: Path):
    ranges = {r.name: r.specifier for r in direct_dependencies(project)}
    assert not ranges["lightning"].contains("2.6.2")
    assert not ranges["lightning"].contains("2.6.3")


def test_an_unhashed_or_unpinned_entry_would_be_seen():
    assert locked("one==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\ntwo==2.0")[1][2] == 0
    with pytest.raises(AssertionError, match="not a pinned requirement"):
        locked("one>=1.0")
