"""What a scene's two objects are like, as far as demonstrations show it.

Nothing here is written for a task: who carries an object, where it lies in the grip and how near
one must come to touch it are read off the demonstrations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from nsca.agents.contacts import SETTLED, Contact, contacts
from nsca.data.demonstrations import Demonstration
from nsca.worlds.metaworld.observation import HAND, places, present

RADIUS_MARGIN_M = 0.01  # beyond the distance of first touch
SMALLEST_RADIUS_M, LARGEST_RADIUS_M = 0.02, 0.08


@dataclass(frozen=True)
class SceneFacts:
    """Of the two objects of a task.

    there: which exist. by_object: carried by the other object and not by the hand. offset_m: from
    the carrier to the object when it is carried. radius_m: of touch, around carrier plus offset.
    """

    there: Bool[np.ndarray, " 2"]
    by_object: Bool[np.ndarray, " 2"]
    offset_m: Float[np.ndarray, "2 3"]
    radius_m: Float[np.ndarray, " 2"]


def scene_facts(demonstrations: Sequence[Demonstration]) -> SceneFacts:
    """Medians over the demonstrations of one task."""
    found: dict[int, list[tuple[bool, np.ndarray, float]]] = {0: [], 1: []}
    for shown in demonstrations:
        touched = contacts(shown.observations)
        for rank, contact in enumerate(touched):
            carrier = None if rank == 0 else touched[0].object
            offset, radius = _carried(shown.observations.astype(np.float64), contact, carrier)
            found[contact.object].append((carrier is not None, offset, radius))
    by_object, offsets, radii = np.zeros(2, bool), np.zeros((2, 3)), np.full(2, SMALLEST_RADIUS_M)
    for index, samples in found.items():
        if samples:
            by_object[index] = np.mean([by for by, _, _ in samples]) > 0.5
            offsets[index] = np.median([offset for _, offset, _ in samples], axis=0)
            radii[index] = np.median([radius for _, _, radius in samples])
    radii = np.clip(radii + RADIUS_MARGIN_M, SMALLEST_RADIUS_M, LARGEST_RADIUS_M)
    there = present(demonstrations[0].observations[SETTLED])
    return SceneFacts(there, by_object, offsets, radii)


def _carried(
    seen: np.ndarray, contact: Contact, carrier: int | None
) -> tuple[Float[np.ndarray, " 3"], float]:
    """Median offset while it moves, and how far from it the carrier was at the first touch."""
    paths = places(seen)
    by = seen[:, HAND] if carrier is None else paths[:, carrier]
    apart = paths[:, contact.object] - by
    moves = np.linalg.norm(np.diff(paths[:, contact.object], axis=0), axis=1) > 1e-3
    moves[: contact.step] = False
    while_moving = apart[1:][moves] if moves.any() else apart[contact.step :]
    offset = np.median(while_moving, axis=0)
    return offset, float(np.linalg.norm(apart[contact.step] - offset))
