"""The data card: a header that `datasets` reads, and figures from the manifest."""

import json
from pathlib import Path

import yaml
from data.synthetic_demonstrations import stored

from nsca.data.demonstration_card import demonstration_card


def test_the_card_says_what_the_manifest_says(tmp_path: Path) -> None:
    root = stored(tmp_path / "set")
    card = (root / "README.md").read_text()
    header = yaml.safe_load(card.split("---")[1])
    assert header["configs"][0]["data_files"] == [
        {"split": "train", "path": "demonstrations.parquet"}
    ]
    for words in (
        "# Demonstrations of push-v3, seed 5",
        "a steady hand",
        "as Meta-World has it",
        "3 successes in 4 episodes\n  (75%)",
        "7 to 9 steps of 12.5 ms; 24 together",
        "reward function v2",
        "python -m nsca.data demonstrate push-v3",
    ):
        assert words in card
    assert str(tmp_path) not in card  # the same settings give the same bytes


def test_noise_and_altered_physics_are_named(tmp_path: Path) -> None:
    manifest = json.loads((stored(tmp_path) / "manifest.json").read_text())
    manifest["configuration"] |= {"action_noise": 0.3, "mass": 4.0, "gravity": 0.5}
    card = demonstration_card(manifest)
    assert "shakes (Gaussian noise of 0.3 on its steps)" in card
    assert "gravity x 0.5, mass x 4)" in card
