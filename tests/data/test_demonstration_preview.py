"""Previews of demonstrations: replayed from seed and actions, the right way up, in real time."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nsca.data import demonstration_preview
from nsca.data.demonstrating import RecordingSettings, make_demonstration_set
from nsca.data.demonstration_preview import FRAMES_PER_S, replay, write_demonstration_preview
from nsca.data.demonstrations import load_demonstrations
from nsca.errors import UserError
from nsca.worlds import gl
from nsca.worlds.metaworld.physics import AlteredPhysics


@pytest.fixture(scope="module")
def slippery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two demonstrations under altered physics."""
    if gl.choose_backend().backend is None:
        pytest.skip("no GL backend draws here")
    path = tmp_path_factory.mktemp("sets") / "slippery"
    make_demonstration_set(
        RecordingSettings("push", count=2, friction=0.5, steps_after_success=10), path
    )
    return path


def test_a_replay_repeats_what_was_recorded_on_the_same_backend(slippery: Path) -> None:
    recorded = load_demonstrations(slippery)[0]
    pictures, succeeded = replay(recorded, AlteredPhysics(friction=0.5), size=48)
    assert pictures.shape == (1 + len(recorded.actions) // 4, 48, 48, 3)
    assert succeeded == recorded.first_success
    assert np.abs(pictures[0].astype(int) - pictures[-1]).mean() > 1
    _, other = replay(recorded, AlteredPhysics(gravity=20.0), size=48)
    assert other != succeeded  # the physics counts


def test_a_preview_holds_what_it_says(slippery: Path, tmp_path: Path) -> None:
    import av

    files = write_demonstration_preview(slippery, tmp_path / "preview", count=2)
    assert [file.name for file in files] == ["contact_sheet.png", "film.mp4", "film.gif"]
    lengths = [1 + len(each.actions) // 4 for each in load_demonstrations(slippery)]
    with Image.open(files[0]) as sheet:
        assert sheet.size == (8 * 194, 2 * 210)
    with av.open(str(files[1])) as film:
        assert [stream.type for stream in film.streams] == ["video"]
        assert len(list(film.decode(video=0))) == sum(lengths)
        assert film.streams.video[0].average_rate == FRAMES_PER_S == 20
    with Image.open(files[2]) as animation:
        assert animation.n_frames >= lengths[0] - 2  # equal neighbours are stored once
        assert animation.info["duration"] % 50 == 0


def test_without_gl_it_says_what_to_install(
    slippery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = gl.GlProbe(None, {"egl": "no device"})
    monkeypatch.setattr(demonstration_preview.gl, "choose_backend", lambda: nothing)
    with pytest.raises(UserError, match="no GL backend"):
        write_demonstration_preview(slippery, tmp_path / "preview")
    assert not (tmp_path / "preview").exists()
