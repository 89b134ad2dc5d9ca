"""The card says what the manifest says: counts, schema and licence, and no privileged file."""

import json
from pathlib import Path

import pytest
import yaml

from nsca.data.data_card import data_card


def shard(episodes: int, interactions: int, events: dict[str, int]) -> dict:
    primitives = {"push": interactions}
    counts = {"episodes": episodes, "interactions": interactions}
    return {**counts, "primitives": primitives, "events": events}


@pytest.fixture
def manifest() -> dict:
    return {
        "schema_version": 1,
        "status": "partial",
        "configuration": {"seed": 41, "render": True},
        "totals": {"unstable_episodes": 6},
        "shards": {
            "test-00000": shard(3, 9, {"break": 2}),
            "train-00000": shard(10, 50, {"impulse": 17}),
            "train-00001": shard(7, 35, {"impulse": 4, "break": 1}),
        },
    }


def header_of(card: str) -> dict:
    return yaml.safe_load(card.split("---\n")[1])


def test_counts_are_summed_over_shards(manifest: dict) -> None:
    card = data_card(manifest)
    assert "| train | A | 17 | 85 |" in card
    assert "| test | B (novel kinds) | 3 | 9 |" in card
    assert "| val " not in card
    assert '{"push": 94}' in card
    assert '{"break": 3, "impulse": 21}' in card
    assert "unstable: 6 episodes" in card


def test_what_it_is_and_may_be_used_for(manifest: dict) -> None:
    card = data_card(manifest)
    assert header_of(card)["license"] == "apache-2.0"
    assert "seed 41" in card
    assert "Status: partial; schema version 1." in card
    assert "for evaluation only" in card


def test_pictures_are_promised_only_where_there_are_some(manifest: dict) -> None:
    assert "64x64 RGB" in data_card(manifest)
    blind = data_card({**manifest, "configuration": {"seed": 41, "render": False}})
    assert "no pictures" in blind
    assert not any(word in blind for word in ("64x64", "[32, 64, 64, 3]", "physics and pictures"))


def test_the_header_leads_loaders_to_the_observations_alone(manifest: dict) -> None:
    (configuration,) = header_of(data_card(manifest))["configs"]
    assert {file["split"]: file["path"] for file in configuration["data_files"]} == {
        "test": "observations/test-*.parquet",
        "train": "observations/train-*.parquet",
    }


def test_a_set_without_any_shard_has_a_card_that_can_be_read(manifest: dict) -> None:
    card = data_card({**manifest, "shards": {}})
    assert header_of(card)["configs"][0]["data_files"] is None
    assert "Interactions by primitive: {}" in card


def test_the_card_of_a_set_is_that_of_its_manifest(babbling_set: Path) -> None:
    manifest = json.loads((babbling_set / "manifest.json").read_text())
    card = (babbling_set / "README.md").read_text()
    assert card == data_card(manifest)
    for row in (
        "| train | A | 12 | 24 |",
        "| val | A | 5 | 10 |",
        "| test | B (novel kinds) | 7 |",
    ):
        assert row in card
    for file in header_of(card)["configs"][0]["data_files"]:
        assert list(babbling_set.glob(file["path"]))
