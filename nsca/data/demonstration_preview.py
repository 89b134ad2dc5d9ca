"""What demonstrations look like: recorded actions replayed and filmed by an upright camera.

Sets hold no pictures. metaworld's own environments play the recorded actions from the recorded seed
under the recorded physics; where EnvPool recorded them, objects may end up elsewhere by millimetres
(and, rarely, a replay may miss what the recording reached). Captions say how the replay went.
"""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from nsca.data.demonstration_manifest import read_demonstration_manifest
from nsca.data.demonstrations import STEP_S, Demonstration, load_demonstrations
from nsca.data.preview import contact_sheet, gif, video
from nsca.worlds import gl
from nsca.worlds.metaworld.physics import AlteredPhysics

PICTURE_EVERY = 4  # steps
FRAMES_PER_S = round(1 / (PICTURE_EVERY * STEP_S))


def replay(
    demonstration: Demonstration, physics: AlteredPhysics, size: int = 192
) -> tuple[UInt8[np.ndarray, "frame size size 3"], int | None]:
    """Pictures of every fourth step, and the steps until the first success of the replay.

    The first picture is of the start; None where the replay never succeeded.
    """
    from nsca.worlds.metaworld.backends import MetaworldBackend
    from nsca.worlds.metaworld.camera import UprightCamera

    backend = MetaworldBackend(demonstration.task, 1, physics)
    backend.reset([demonstration.seed])
    environment = backend.environments[0]
    succeeded = None
    with UprightCamera(environment.model, size=size) as camera:
        pictures = [camera.picture(environment.data)]
        for step, action in enumerate(demonstration.actions, start=1):
            success = backend.step(action[None])[2]
            if success[0] and succeeded is None:
                succeeded = step
            if step % PICTURE_EVERY == 0:
                pictures.append(camera.picture(environment.data))
    backend.close()
    return np.stack(pictures), succeeded


def write_demonstration_preview(path: str | Path, output: str | Path, count: int = 7) -> list[Path]:
    """Contact sheet and film of the first `count` demonstrations, a GIF of the first, in real time.

    Returns:
        The files, in that order.

    Raises:
        UserError: no set there, a damaged one, or no GL to draw with.
    """
    root, output = Path(path), Path(output)
    settings = read_demonstration_manifest(root)["configuration"]
    physics = AlteredPhysics(settings["gravity"], settings["mass"], settings["friction"])
    shown = load_demonstrations(root)[:count]
    gl.require_backend()
    from nsca.worlds.metaworld.camera import CAMERA_VERSION

    clips, captions = [], []
    for number, each in enumerate(shown):
        clip, succeeded = replay(each, physics)
        clips.append(clip)
        again = "no success" if succeeded is None else f"success at {succeeded}"
        captions.append(
            f"{each.task} {number}: {len(each.actions)} steps, success at {each.first_success}; "
            f"replayed: {again} (episode {each.seed}, camera {CAMERA_VERSION})"
        )
    output.mkdir(parents=True, exist_ok=True)
    sheet = output / "contact_sheet.png"
    contact_sheet(clips, captions, scale=1).save(sheet)
    film = video(output / "film.mp4", np.concatenate(clips), frames_per_s=FRAMES_PER_S, scale=2)
    return [sheet, film, gif(output / "film.gif", clips[0], FRAMES_PER_S, scale=1)]
