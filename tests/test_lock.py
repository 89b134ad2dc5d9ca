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


def locked(text: str) -> dict[str, tuple[Version, int]]:
    """Package name to its version and the number of its hashes."""
    entries: dict[str, tuple[Version, int]] = {}
    for block in re.split(r"\n(?=\S)", text.strip()):
        pin = re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", block)
        assert pin, f"not a pinned requirement: {block[:80]!r}"
        hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block)
        entries[canonicalize_name(pin[1])] = (Version(pin[2]), len(hashes))
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
        assert name in pins, f"{name} is not in requirements.lock: run `make lock`"
        version = pins[name][0]
        assert requirement.specifier.contains(version, prereleases=True), (
            f"requirements.lock has {name} {version}, pyproject.toml wants {requirement}: `make lock`"
        )


def test_every_entry_is_hashed(text: str):
    pins = locked(text)
    assert len(pins) > 100
    assert [name for name, (_, hashes) in pins.items() if hashes == 0] == []


def test_it_names_no_address(text: str):
    assert re.findall(r"\S*(?:://|--(?:index|extra-index|find-links)|file:|@ )\S*", text) == []


def test_releases_known_to_be_malicious_are_out_of_range(project: Path):
    ranges = {r.name: r.specifier for r in direct_dependencies(project)}
    assert not ranges["lightning"].contains("2.6.2")
    assert not ranges["lightning"].contains("2.6.3")


def test_an_unhashed_or_unpinned_entry_would_be_seen():
    assert locked("one==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\ntwo==2.0")["two"][1] == 0
    with pytest.raises(AssertionError, match="not a pinned requirement"):
        locked("one>=1.0")
