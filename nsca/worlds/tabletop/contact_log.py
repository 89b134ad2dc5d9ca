"""Contact forces of every physics step, cheaply: written down only when something changes.

Resting and gripping forces stay nearly constant, so between entries the last one holds. Reading all
contacts at every step would cost as much as the physics.
"""

import mujoco
import numpy as np
from jaxtyping import Float64, Int64

from nsca.worlds.tabletop.scene import Scene

RELATIVE_CHANGE = 0.25
ABSOLUTE_CHANGE_N = 0.15
PAIR_BASE = 8  # a pair code is lower entity * PAIR_BASE + higher entity


class ContactLog:
    """Normal forces between entities (0 table, 1 hand, 2 + i object i) over one interaction."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._entries: list[tuple[int, np.ndarray, np.ndarray]] = []
        self._last: list[float] = []
        self._count = -1
        self._codes = np.zeros((0, 0), np.int64)

    def attach(self, scene: Scene) -> None:
        """From now on contacts are those of `scene`: a break numbers geoms anew."""
        entity = np.array(scene.geom_entity)
        low = np.minimum(entity[:, None], entity[None, :])
        self._codes = low * PAIR_BASE + np.maximum(entity[:, None], entity[None, :])
        self._last, self._count = [], -1

    def step(self, index: int, forces_n: list[float], data: mujoco.MjData) -> None:
        """Write the contacts down if a touch sensor (N) or their number changed."""
        count = data.ncon
        if count == self._count:
            for force, last in zip(forces_n, self._last, strict=True):
                if abs(force - last) > RELATIVE_CHANGE * last + ABSOLUTE_CHANGE_N:
                    break
            else:
                return
        self._last, self._count = forces_n, count
        if count == 0:
            self._entries.append((index, np.empty(0, np.int64), np.empty(0)))
            return
        contact = data.contact
        geom, address = contact.geom, contact.efc_address
        if address.min() < 0:  # a contact that carries nothing has no constraint
            geom, address = geom[address >= 0], address[address >= 0]
        force_n = data.efc_force[address]
        self._entries.append((index, self._codes[geom[:, 0], geom[:, 1]], force_n))

    def pair_forces(self) -> tuple[Int64[np.ndarray, " pair"], Float64[np.ndarray, "pair step"]]:
        """Codes of the pairs that met, ascending, and their total normal force (N) per step."""
        if not self._entries:
            return np.empty(0, np.int64), np.empty((0, self._steps))
        codes = np.concatenate([codes for _, codes, _ in self._entries])
        forces = np.concatenate([forces for _, _, forces in self._entries])
        entry = np.repeat(
            np.arange(len(self._entries)), [len(codes) for _, codes, _ in self._entries]
        )
        pairs, which = np.unique(codes, return_inverse=True)
        sparse = np.zeros((len(pairs), len(self._entries)))
        np.add.at(sparse, (which, entry), forces)
        starts = np.array([index for index, _, _ in self._entries])
        held = np.searchsorted(starts, np.arange(self._steps), side="right") - 1
        return pairs, np.where(held >= 0, sparse[:, np.maximum(held, 0)], 0.0)
