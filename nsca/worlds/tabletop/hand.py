"""The free-flying two-finger hand: position servos with force limits, no arm.

Joints: slides x, y, z, a yaw hinge and one slide a finger. Its frame is the grip point, midway
between the pads; at yaw 0 the fingers close along y. Every finger is two thin upright capsules (so
that a gripped thing cannot spin about one contact point) dressed in a box that does not collide.
"""

import mujoco

from nsca.worlds.tabletop.appearance import SceneLook

HAND_CONTACT = 4  # contype bit
FINGER_RADIUS_M = 0.007
FINGER_BELOW_M = 0.012  # axis end below the grip point; the radius comes on top
LOWEST_GRIP_M = FINGER_BELOW_M + FINGER_RADIUS_M + 0.002  # of the grip point over the table
FINGER_ABOVE_M = 0.058
OPENING_M = 0.046  # a pad's distance from the grip point, fully open
PALM_HALF_M = (0.011, 0.048, 0.006)
STIFFNESS_N_M = 1_600.0
DAMPING_N_S_M = 64.0
FORCE_LIMIT_N = 80.0
YAW_STIFFNESS_N_M = 12.0
YAW_DAMPING = 0.4
FINGER_STIFFNESS_N_M = 500.0
FINGER_DAMPING_N_S_M = 20.0
FINGER_FORCE_LIMIT_N = 45.0
COLLIDING = ("palm", "left0", "left1", "right0", "right1")  # geoms that touch objects
SERVO_LAG_S = DAMPING_N_S_M / STIFFNESS_N_M  # a servo follows a moving target this much later


def add_hand(spec: mujoco.MjSpec, look: SceneLook) -> None:
    """Append hand, actuators and touch sensors."""
    palm = spec.worldbody.add_body(name="hand", gravcomp=1.0)
    for name, axis in (("x", (1, 0, 0)), ("y", (0, 1, 0)), ("z", (0, 0, 1))):
        palm.add_joint(name=name, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=axis)
    palm.add_joint(name="yaw", type=mujoco.mjtJoint.mjJNT_HINGE, axis=(0, 0, 1), armature=0.004)
    grey = look.hand_grey
    palm.add_geom(
        name=COLLIDING[0],
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=PALM_HALF_M,
        pos=(0, 0, FINGER_ABOVE_M + PALM_HALF_M[2]),
        mass=0.4,
        rgba=(grey, grey, grey + 0.05, 1),
        contype=HAND_CONTACT,
        conaffinity=0,
    )
    add_touch_sensor(spec, palm, "palm")
    for name, side in (("left", 1.0), ("right", -1.0)):
        finger = palm.add_body(name=name, pos=(0, side * FINGER_RADIUS_M, 0), gravcomp=1.0)
        finger.add_joint(
            name=name,
            type=mujoco.mjtJoint.mjJNT_SLIDE,
            axis=(0, side, 0),
            limited=mujoco.mjtLimited.mjLIMITED_TRUE,
            range=(0.0, OPENING_M),
            solref_limit=(0.006, 1.0),
            solimp_limit=(0.95, 0.99, 0.001, 0.5, 2.0),
        )
        for number, offset_m in enumerate((-0.007, 0.007)):
            finger.add_geom(
                name=f"{name}{number}",
                type=mujoco.mjtGeom.mjGEOM_CAPSULE,
                fromto=(offset_m, 0, -FINGER_BELOW_M, offset_m, 0, FINGER_ABOVE_M),
                size=(FINGER_RADIUS_M, 0, 0),
                mass=0.05,
                rgba=(0.85, 0.55, 0.1, 1),
                contype=HAND_CONTACT,
                conaffinity=1,
            )
        finger.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=(0.0095, FINGER_RADIUS_M * 0.7, 0.024),
            pos=(0, side * 0.004, FINGER_ABOVE_M - 0.024),
            mass=0,
            rgba=(grey + 0.1, grey + 0.1, grey + 0.15, 1),
            contype=0,
            conaffinity=0,
        )
        add_touch_sensor(spec, finger, name)
    for name in ("x", "y", "z"):
        _servo(spec, name, STIFFNESS_N_M, DAMPING_N_S_M, FORCE_LIMIT_N)
    _servo(spec, "yaw", YAW_STIFFNESS_N_M, YAW_DAMPING, 5.0)
    for name in ("left", "right"):
        _servo(spec, name, FINGER_STIFFNESS_N_M, FINGER_DAMPING_N_S_M, FINGER_FORCE_LIMIT_N)


def _servo(spec: mujoco.MjSpec, joint: str, stiffness: float, damping: float, limit: float) -> None:
    spec.add_actuator(
        name=joint,
        target=joint,
        trntype=mujoco.mjtTrn.mjTRN_JOINT,
        gaintype=mujoco.mjtGain.mjGAIN_FIXED,
        gainprm=[stiffness] + [0.0] * 9,
        biastype=mujoco.mjtBias.mjBIAS_AFFINE,
        biasprm=[0.0, -stiffness, -damping] + [0.0] * 7,
        forcelimited=mujoco.mjtLimited.mjLIMITED_TRUE,
        forcerange=(-limit, limit),
    )


def add_touch_sensor(spec: mujoco.MjSpec, body: mujoco.MjsBody, name: str) -> None:
    """A touch sensor that feels every contact of `body` (its site is larger than the body)."""
    body.add_site(name=f"touch_{name}", size=(0.3, 0.3, 0.3), group=5)
    spec.add_sensor(
        name=f"touch_{name}",
        type=mujoco.mjtSensor.mjSENS_TOUCH,
        objtype=mujoco.mjtObj.mjOBJ_SITE,
        objname=f"touch_{name}",
    )
