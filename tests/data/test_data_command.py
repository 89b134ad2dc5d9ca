"""`python -m nsca.data`: what it prints, its exit codes, and that help is quick."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from data.synthetic_demonstrations import stored
from fake_clips import at_rate, write_video
from fake_run import write_sounds
from PIL import Image

from nsca.data.__main__ import main, parser, run
from nsca.errors import UserError
from nsca.worlds.metaworld import env


def test_inspect_names_splits_and_fields(babbling_set: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["inspect", str(babbling_set)]) == 0
    printed = capsys.readouterr().out
    for word in (
        "train",
        "test",
        "frames",
        "privileged/ (for evaluation only)",
        "hardness",
        "box_hollow",
    ):
        assert word in printed


def test_validate_tells_good_from_bad_by_exit_code(
    babbling_set: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["validate", str(babbling_set)]) == 0
    (babbling_set / "labels" / "val-00000.parquet").unlink()
    assert main(["validate", str(babbling_set)]) == 1
    printed = capsys.readouterr()
    assert "labels/val-00000.parquet: missing" in printed.out
    assert "nsca.babble" in printed.err


def test_preview_prints_its_folder_last(babbling_set: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["preview", str(babbling_set), "--count", "2"]) == 0
    output = Path(capsys.readouterr().out.splitlines()[-1])
    assert output == Path("outputs/preview/set")
    assert (output / "film.mp4").is_file()


def test_a_preview_that_cannot_be_written_says_where_to(babbling_set: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(UserError, match="taken cannot be written") as failure:
        main(["preview", str(babbling_set), "--output", str(tmp_path / "taken")])
    assert "--output" in failure.value.remedy


def test_folders_of_pictures_are_inspected_and_validated(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        for label in ("cat", "dog"):
            folder = tmp_path / "photos" / split / label
            folder.mkdir(parents=True)
            for number in range(3):
                pixels = rng.integers(0, 255, (20, 20, 3), np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    assert main(["inspect", str(tmp_path / "photos")]) == 0
    assert "cat, dog" in capsys.readouterr().out
    assert main(["validate", str(tmp_path / "photos")]) == 0
    (tmp_path / "photos/train/cat/1.png").write_bytes(b"no picture")
    assert main(["validate", str(tmp_path / "photos")]) == 1
    assert "1.png" in capsys.readouterr().out


def test_folders_of_sounds_are_inspected_and_validated(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    sounds = write_sounds(tmp_path / "sounds", train=2, val=1)
    assert main(["inspect", str(sounds)]) == 0
    assert "audio_folder" in capsys.readouterr().out
    assert main(["validate", str(sounds)]) == 0
    (sounds / "train" / "low" / "0.wav").write_bytes(b"no sound")
    assert main(["validate", str(sounds)]) == 1
    assert "0.wav: is not a sound" in capsys.readouterr().out


def test_folders_of_videos_are_inspected_and_validated(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for number in range(3):
        write_video(tmp_path / f"{number}.mp4", at_rate(10, (1 + number) / 2))
    assert main(["inspect", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "video_folder" in printed
    assert "classes  none" in printed
    assert main(["validate", str(tmp_path)]) == 0
    (tmp_path / "1.mp4").write_bytes(b"no video")
    assert main(["validate", str(tmp_path)]) == 1
    assert "1.mp4: is not a video" in capsys.readouterr().out


def test_a_listed_folder_of_numbered_pictures_is_validated(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    rows = ["split,label,file"]
    for number, (split, label) in enumerate(
        (split, label) for split in ("train", "val") for label in ("cat", "dog")
    ):
        pixels = np.full((20, 20, 3), 40 * number, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"image_00{number}.png")
        rows.append(f"{split},{label},image_00{number}.png")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    assert main(["validate", str(tmp_path)]) == 0
    assert "no problems (image_folder)" in capsys.readouterr().out


def test_demonstrations_are_recorded_once_and_looked_at(capsys: pytest.CaptureFixture) -> None:
    assert main(["demonstrate", "reach", "--count", "2"]) == 0
    first = capsys.readouterr()
    path = Path(first.out.splitlines()[-1])
    assert path == Path("outputs/demonstrations/reach-v3")
    assert "2 of 2 demonstrations, 2 episodes" in first.err
    assert "recorded 2 demonstrations of reach-v3 (envpool)" in first.err
    assert "succeeded in 2 of 2 episodes (100%)" in first.err
    assert main(["demonstrate", "reach-v3", "--count", "2"]) == 0
    again = capsys.readouterr()
    assert again.out == first.out
    assert again.err.startswith("kept: ")
    with pytest.raises(UserError, match=r"count: 2 -> 10, mass: 1\.0 -> 2\.0"):
        main(["demonstrate", "reach", "--mass", "2"])
    assert main(["inspect", str(path)]) == 0
    assert "2 demonstrations of reach-v3" in capsys.readouterr().out
    assert main(["validate", str(path)]) == 0
    assert "no problems (demonstrations)" in capsys.readouterr().out


def test_damaged_demonstrations_fail_validation_with_a_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    root = stored(tmp_path / "set")
    (root / "demonstrations.parquet").write_bytes(b"PAR1")
    assert main(["validate", str(root)]) == 1
    printed = capsys.readouterr()
    assert "demonstrations.parquet: 4 bytes" in printed.out
    assert f"--path {root}, records the set again" in printed.err


def test_demonstrations_are_previewed(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nsca.data import demonstration_preview

    asked = []

    def write(path: Path, output: Path, count: int) -> list[Path]:
        asked.append((path, output, count))
        return [output / "film.mp4"]

    monkeypatch.setattr(demonstration_preview, "write_demonstration_preview", write)
    root = stored(tmp_path / "set")
    assert main(["preview", str(root), "--count", "2"]) == 0
    assert asked == [(root, Path("outputs/preview/set"), 2)]
    assert capsys.readouterr().out == "outputs/preview/set\n"
    with pytest.raises(UserError, match="no splits"):
        main(["preview", str(root), "--split", "train"])


def test_without_envpool_demonstrate_says_so_once(monkeypatch, capsys) -> None:
    monkeypatch.setattr(env, "envpool_is_here", lambda: False)
    assert main(["demonstrate", "reach", "--count", "1"]) == 0
    assert capsys.readouterr().err.count("notice: envpool is not installed") == 1


def test_the_help_of_demonstrate_teaches(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as end:
        main(["demonstrate", "--help"])
    assert end.value.code == 0
    printed = capsys.readouterr().out
    for words in ("success rate", "examples:", "--steps-after-success", "load_demonstrations"):
        assert words in printed


@pytest.mark.parametrize("number", ["nan", "inf", "much"])
def test_factors_are_numbers(number: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as end:
        main(["demonstrate", "push", "--mass", number])
    assert end.value.code == 2
    assert number in capsys.readouterr().err


def test_the_options_of_demonstrate_are_those_of_a_recording() -> None:
    from nsca.data.demonstrating import RecordingSettings
    from nsca.worlds.metaworld.env import BACKENDS

    chosen = vars(parser().parse_args(["demonstrate", "push"]))
    assert chosen.pop("path") is None
    assert chosen.pop("command") == "demonstrate"
    assert RecordingSettings(**chosen) == RecordingSettings("push")
    for backend in BACKENDS:
        parser().parse_args(["demonstrate", "push", "--backend", backend])


def test_a_mistake_is_two_lines_and_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["data", "inspect", str(tmp_path / "nowhere")])
    assert run() == 2
    assert capsys.readouterr().err.splitlines()[1].startswith("  fix: ")
    with pytest.raises(UserError, match="empty"):
        main(["inspect", str(tmp_path)])
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(UserError, match="--count"):
        main(["preview", str(tmp_path), "--count", "0"])


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from nsca.data.__main__ import parser; parser().format_help(); "
        "heavy = {'torch', 'mujoco', 'pyarrow', 'matplotlib', 'numpy'} & set(sys.modules); "
        "raise SystemExit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
