"""Magnetism: the hand attracts magnetic things that are near it, whatever they look like.

Distance and direction are to the grip point between the pads, about 6 cm below the palm.

A pull by a magnetic dipole falls with the fourth power of distance; the square used here, capped at
`MAGNET_FULL_M`, is felt a little farther away, so that a hand that passes by can notice it. The
hand itself feels no reaction: it is far heavier than what it handles, and its servos would hide it.
"""

import mujoco
import numpy as np

from nsca.worlds.tabletop.scene import Scene

MAGNET_RANGE_M = 0.09
MAGNET_FULL_M = 0.04


def pull_magnets(scene: Scene, data: mujoco.MjData) -> None:
    """Set the force on every whole magnetic object; it acts until it is set again."""
    for index, instance in enumerate(scene.objects):
        if instance.magnetism_n <= 0 or index in scene.broken:
            continue
        at = scene.position_address[index]
        away = data.qpos[:3] - data.qpos[at : at + 3]
        distance_m = float(np.sqrt(away @ away))
        force_n = 0.0
        if distance_m < MAGNET_RANGE_M:
            force_n = instance.magnetism_n * min(1.0, (MAGNET_FULL_M / max(distance_m, 1e-3)) ** 2)
        data.xfrc_applied[scene.body[index], :3] = force_n / max(distance_m, 1e-3) * away
