"""How hidden properties become MuJoCo's contact parameters.

Contacts of an object take its own parameters (geom priority): friction, rolling resistance, and a
spring and damper (negative solref) whose stiffness carries hardness and whose damping carries
elasticity: a collision with a linear spring of frequency w and damping ratio z rebounds with
restitution exp(-pi z / sqrt(1 - z^2)). The simulated stiffness is far below that of real solids (a
time step of 2.5 ms must resolve the collision); sound uses the true duration instead.
"""

from math import log, pi, sqrt

import mujoco

from nsca.worlds.tabletop.hand import COLLIDING
from nsca.worlds.tabletop.kinds import ObjectInstance

SKIN_DAMPING_RATIO = 0.7  # of the contacts between fingers and objects
SOFT_RAD_S, HARD_RAD_S = 110.0, 260.0


def contact_frequency_rad_s(hardness: float) -> float:
    """Stiffness of an object's contacts as the frequency of a unit mass on it."""
    return SOFT_RAD_S + (HARD_RAD_S - SOFT_RAD_S) * hardness


def contact_solref(hardness: float, elasticity: float) -> tuple[float, float]:
    """MuJoCo's direct (-stiffness, -damping), both by unit mass."""
    frequency = contact_frequency_rad_s(hardness)
    loss = -log(min(max(elasticity, 0.01), 0.95))
    ratio = loss / sqrt(pi**2 + loss**2)
    return -(frequency**2), -2.0 * ratio * frequency


def contact_parameters(instance: ObjectInstance, flat: bool) -> dict:
    """Contact and looks of a geom; flat ones touch at several points: they cannot roll."""
    return {
        "condim": 3 if flat else 6,
        "priority": 1,
        "friction": (instance.friction, 0.004, instance.rolling_m),
        "solref": contact_solref(instance.hardness, instance.elasticity),
        "solimp": (0.6, 0.6, 0.001, 0.5, 2.0),
        "rgba": (*instance.colour, 1),
        "material": instance.visible_material,
    }


def add_skin(spec: mujoco.MjSpec, instance: ObjectInstance, geom: str) -> None:
    """Contacts with the hand: the object's friction, but padded fingers that let nothing bounce.

    With the object's own elasticity a light bouncy thing would chatter out of the grip; the stiffer
    impedance keeps friction from creeping.
    """
    frequency = contact_frequency_rad_s(instance.hardness)
    sliding, rolling = instance.friction, instance.rolling_m
    for part in COLLIDING:
        spec.add_pair(
            geomname1=part,
            geomname2=geom,
            condim=4,
            friction=(sliding, sliding, 0.004, rolling, rolling),
            solref=(-(frequency**2), -2.0 * SKIN_DAMPING_RATIO * frequency),
            solimp=(0.95, 0.95, 0.001, 0.5, 2.0),
        )
