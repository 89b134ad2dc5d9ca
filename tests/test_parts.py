"""Parts of earlier runs: found, checked and loaded by name."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import DictConfig, OmegaConf

from nsca.assembly import build_phase, phase_class
from nsca.checkpoint import HEADER_KEY, CheckpointHeader, checkpoint_path, write_checkpoint
from nsca.composition import compose
from nsca.errors import UserError
from nsca.notice import notice
from nsca.parts import load_parts, with_found_parts
from nsca.phases.part_versions import PART_VERSIONS, part_versions
from nsca.trained_phase import best_or_last


def finished_run(root: Path, phase: str, name: str, value: float, *changes: str) -> Path:
    """A run whose weights all have one value."""
    run = root / "train" / f"{phase}-nsca_tiny" / name
    run.mkdir(parents=True)
    cfg = compose("train", [f"phase={phase}", "model=nsca_tiny", *changes])
    OmegaConf.save(cfg, run / "config.yaml")
    state = {n: torch.full_like(v, value) for n, v in build_phase(cfg).state_dict().items()}
    saved(run, {"state_dict": state, PART_VERSIONS: part_versions(phase_class(cfg).parts)})
    (run / "run.json").write_text(json.dumps({"verb": "train", "status": "finished"}))
    return run


def saved(run: Path, content: dict[str, Any]) -> None:
    header = CheckpointHeader(1, "", "", {}, 1.0, {})
    write_checkpoint({**content, HEADER_KEY: asdict(header)}, checkpoint_path(run, 1))


def fusion(root: Path, *changes: str) -> DictConfig:
    own = ["phase=fusion", "model=nsca_tiny", f"outputs={root}", *changes]
    return compose("train", own)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of vision, of another shape, and of audio; the newest vision run was not finished."""
    root = tmp_path_factory.mktemp("outputs")
    finished_run(root, "vision", "2026-01-01_00-00-00-000", 1.0)
    finished_run(root, "vision", "2026-01-02_00-00-00-000", 2.0)
    finished_run(root, "vision", "2026-01-03_00-00-00-000", 3.0, "model.vision.n_out=128")
    cut = finished_run(root, "vision", "2026-01-04_00-00-00-000", 4.0)
    (cut / "run.json").write_text(json.dumps({"verb": "train", "status": "interrupted"}))
    finished_run(root, "audio", "2026-01-01_00-00-00-000", 5.0)
    return root


def test_latest_is_the_newest_finished_run_of_this_shape(outputs: Path):
    cfg = with_found_parts(fusion(outputs))
    assert Path(cfg.parts.vision).name == "2026-01-02_00-00-00-000"
    assert cfg.parts.audio == str(outputs / "train/audio-nsca_tiny/2026-01-01_00-00-00-000")


def test_which_run_is_the_latest_is_said_and_that_it_has_seen_other_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run = finished_run(tmp_path, "vision", "2026-01-01_00-00-00-000", 1.0, "data.path=here")
    notice.cache_clear()
    with_found_parts(fusion(tmp_path, "parts.audio=null", "data.path=here"))
    assert f"notice: parts.vision=latest is {run}\n" in capsys.readouterr().err
    with_found_parts(fusion(tmp_path, "parts.audio=null", "data.path=there"))
    assert f"latest is {run}; it was trained on other data: here" in capsys.readouterr().err
    with_found_parts(fusion(tmp_path, "parts.audio=null", f"parts.vision={run}"))
    assert capsys.readouterr().err == ""


def test_a_run_from_before_a_setting_fits_where_that_is_left_at_its_default(tmp_path: Path):
    run = finished_run(tmp_path, "audio", "2026-01-01_00-00-00-000", 1.0)
    config = OmegaConf.load(run / "config.yaml")
    OmegaConf.set_struct(config, False)
    del config.model.audio.gist_parts
    OmegaConf.save(config, run / "config.yaml")
    cfg = with_found_parts(fusion(tmp_path, "parts.vision=null"))
    assert cfg.parts.audio == str(run)
    with pytest.raises(UserError, match=r"model\.audio\.gist_parts is 1 there and 4 here"):
        with_found_parts(fusion(tmp_path, "parts.vision=null", "model.audio.gist_parts=4"))


def test_a_run_for_debugging_is_not_the_latest(tmp_path: Path):
    good = finished_run(tmp_path, "vision", "2026-01-01_00-00-00-000", 1.0)
    finished_run(tmp_path, "vision", "2026-01-02_00-00-00-000", 2.0, "debug=overfit")
    finished_run(tmp_path, "vision", "2026-01-03_00-00-00-000", 3.0, "debug=find_lr")
    cfg = with_found_parts(fusion(tmp_path, "parts.audio=null"))
    assert cfg.parts.vision == str(good)


def test_a_run_that_only_held_a_part_has_not_trained_it(tmp_path: Path):
    finished_run(tmp_path, "fusion", "2026-02-01_00-00-00-000", 7.0, "parts.vision=null")
    with pytest.raises(UserError, match="no finished run"):
        with_found_parts(fusion(tmp_path, "parts.audio=null"))
    earlier = finished_run(tmp_path, "vision", "2026-01-01_00-00-00-000", 1.0)
    cfg = with_found_parts(fusion(tmp_path, "parts.audio=null"))
    assert cfg.parts.vision == str(earlier)


def test_the_weights_of_parts_are_taken_and_nothing_else(outputs: Path):
    cfg = with_found_parts(fusion(outputs, "parts.audio=null"))
    assert cfg.parts.audio is None
    torch.manual_seed(0)
    phase = build_phase(cfg)
    before = {name: value.clone() for name, value in phase.state_dict().items()}
    load_parts(phase, cfg.parts)
    after = phase.state_dict()
    seen = [name for name in after if name.startswith("senses.vision.")]
    assert seen
    assert all((after[name] == 2).all() for name in seen)
    assert all(torch.equal(after[n], before[n]) for n in after if n not in seen)


def test_a_fusion_brings_the_encoders_and_scales_it_was_trained_with(outputs: Path, tmp_path: Path):
    """A newer vision run must not stand under an older fusion."""
    nulls = ("parts.vision=null", "parts.audio=null")
    run = finished_run(tmp_path, "fusion", "2026-01-05_00-00-00-000", 7.0, *nulls)
    cfg = compose("train", ["phase=dynamics", "model=nsca_tiny", f"parts.fusion={run}"])
    torch.manual_seed(0)
    phase = build_phase(cfg)
    load_parts(phase, with_found_parts(cfg).parts)
    taken = [n for n in phase.state_dict() if n.startswith(("senses.", "encoder."))]
    assert any("senses.vision" in name for name in taken)
    assert any("scales" in name for name in taken)
    assert all((phase.state_dict()[name] == 7).all() for name in taken if "fitted" not in name)
    assert phase.senses.fitted
    assert not (phase.imagination.temporal.place == 7).all()


def test_a_run_can_be_named(outputs: Path):
    first = outputs / "train/vision-nsca_tiny/2026-01-01_00-00-00-000"
    cfg = with_found_parts(fusion(outputs, f"parts.vision={first}"))
    assert cfg.parts.vision == str(first)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            ["parts.vision={root}/train/vision-nsca_tiny/2026-01-03_00-00-00-000"],
            r"model\.vision\.n_out is 128 there and 256 here",
        ),
        (["parts.vision={root}/train/audio-nsca_tiny/2026-01-01_00-00-00-000"], "no part vision"),
        (["parts.vision=nowhere"], "not a run directory"),
        (["model.audio.n_out=64"], r"model\.audio\.n_out is 256 there and 64 here"),
        (["outputs={root}/empty"], r"no finished run.*phase=vision.*parts\.vision=null"),
    ],
)
def test_what_does_not_fit_is_named(outputs: Path, changes: list[str], said: str):
    cfg = fusion(outputs, *(change.format(root=outputs) for change in changes))
    with pytest.raises(UserError, match=said):
        with_found_parts(cfg)


@pytest.mark.parametrize("change", ["model.fusion.n_heads=8", "model.vision.gabor=random"])
def test_a_fusion_above_other_senses_or_heads_does_not_fit(tmp_path: Path, change: str):
    nulls = ("parts.vision=null", "parts.audio=null")
    run = finished_run(tmp_path, "fusion", "2026-01-01_00-00-00-000", 1.0, *nulls)
    own = ["phase=dynamics", "model=nsca_tiny", f"parts.fusion={run}"]
    assert with_found_parts(compose("train", own)).parts.fusion == str(run)
    with pytest.raises(UserError, match="here"):
        with_found_parts(compose("train", [*own, change]))


def test_dynamics_of_another_time_step_do_not_fit(tmp_path: Path):
    run = finished_run(tmp_path, "dynamics", "2026-01-01_00-00-00-000", 1.0, "parts.fusion=null")
    own = ["phase=memory", "model=nsca_tiny", f"parts.dynamics={run}"]
    assert with_found_parts(compose("train", own)).parts.dynamics == str(run)
    said = r"phase\.imagination\.dt_s is 0\.05 there and 0\.1 here"
    with pytest.raises(UserError, match=said):
        with_found_parts(compose("train", [*own, "phase.imagination.dt_s=0.1"]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["prior=none", "prior_weight=none"], r"imagination\.prior.* is nsca\.priors\.physics"),
        (["prior=gravity"], r"imagination\.prior"),
        (["prior_weight=held"], r"imagination\.weight\.floor is 0\.3 there and 0\.0 here"),
        (["phase.imagination.substeps=1"], r"imagination\.substeps is 4 there and 1 here"),
        (["model.temporal.n_heads=8"], r"model\.temporal\.n_heads is 4 there and 8 here"),
        (["model.fusion.n_heads=8"], r"model\.fusion\.n_heads is 4 there and 8 here"),
        (["model.vision.gabor=random"], r"model\.vision\.gabor is frozen there and random here"),
    ],
)
def test_dynamics_that_mean_something_else_by_the_same_weights_do_not_fit(
    tmp_path: Path, changes: list[str], said: str
):
    run = finished_run(tmp_path, "dynamics", "2026-01-01_00-00-00-000", 1.0, "parts.fusion=null")
    own = ["phase=memory", "model=nsca_tiny", f"parts.dynamics={run}"]
    with pytest.raises(UserError, match=said):
        with_found_parts(compose("train", [*own, *changes]))


def test_weights_of_another_version_are_refused(outputs: Path, tmp_path: Path):
    run = finished_run(tmp_path, "vision", "2026-01-01_00-00-00-000", 1.0)
    saved(run, {"state_dict": {"encoder.eye": torch.ones(1)}})
    cfg = with_found_parts(fusion(outputs, f"parts.vision={run}"))
    with pytest.raises(UserError, match="another model or version"):
        load_parts(build_phase(cfg), cfg.parts)


def test_weights_that_mean_something_else_by_now_are_refused(tmp_path: Path):
    """Names and shapes fit; a checkpoint that says nothing of versions is from before them."""
    run = finished_run(tmp_path, "dynamics", "2026-01-01_00-00-00-000", 1.0, "parts.fusion=null")
    saved(run, {"state_dict": best_or_last(run)["state_dict"]})
    own = ["phase=memory", "model=nsca_tiny", f"parts.dynamics={run}"]
    cfg = with_found_parts(compose("train", own))
    with pytest.raises(UserError, match=r"holds version 1 of the part dynamics; .* version 2"):
        load_parts(build_phase(cfg), cfg.parts)


def test_an_unknown_part_is_refused_with_the_right_one():
    with pytest.raises(UserError, match=r"parts\.vison.*\n?.*vision"):
        fusion(Path("outputs"), "+parts.vison=latest")
    with pytest.raises(UserError, match=r"parts\.audio"):
        compose("train", ["phase=vision", "+parts.audio=latest"])


def test_two_parts_that_bring_the_same_weights_are_refused(outputs: Path, tmp_path: Path):
    trained = finished_run(tmp_path, "fusion", "2026-02-01_00-00-00-000", 7.0, "parts.vision=null")
    asked = fusion(outputs, f"+parts.fusion={trained}", "parts.vision=null")
    with pytest.raises(UserError, match=r"both bring weights of senses\.audio \("):
        with_found_parts(asked)
    with pytest.raises(UserError, match=r"of senses\.vision; .* of senses\.audio \(") as error:
        with_found_parts(fusion(outputs, f"+parts.fusion={trained}"))
    assert error.value.remedy == "parts.vision=null parts.audio=null, or parts.fusion=null"


def test_a_run_that_cannot_be_read_does_not_stand_before_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    good = finished_run(tmp_path, "vision", "2026-01-01_00-00-00-000", 1.0)
    old = finished_run(tmp_path, "vision", "2026-01-02_00-00-00-000", 2.0)
    text = (old / "config.yaml").read_text()
    (old / "config.yaml").write_text(text.replace("VisionPhase", "SightPhase"))
    notice.cache_clear()
    cfg = with_found_parts(fusion(tmp_path, "parts.audio=null"))
    assert cfg.parts.vision == str(good)
    assert f"parts.vision=latest passes {old} over: " in capsys.readouterr().err
