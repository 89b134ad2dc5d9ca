"""A small dynamics phase on made-up cars: shared by tests."""

from dataclasses import replace
from typing import Any

import numpy as np
from data.fake_drives import fake_moments
from phases.tiny_dynamics import PAST, tiny_phase

from nsca.data.moments import Moments
from nsca.data.source import ProbeLabel, Split
from nsca.models.dynamics_ensemble import DynamicsEnsemble
from nsca.models.temporal import Temporal
from nsca.objectives.driving import FELT
from nsca.phases.dynamics.module import DynamicsPhase


class Driven:
    """Cars that speed up or brake as they have just done, on every part."""

    name = "driven"
    held_out: tuple[Split, ...] = ("val",)

    def __init__(self, clips: int = 40) -> None:
        self.clips = clips

    def fingerprint(self) -> str:
        return "0" * 64

    def moments(self, split: Split) -> Moments:
        return fake_moments(self.clips, seed={"train": 0, "val": 1, "test": 2}[split])

    def moment_labels(self, split: Split) -> dict[str, ProbeLabel]:
        return {}


class Shaken(Driven):
    """On a bad road: a linear map leaves something over."""

    def moments(self, split: Split) -> Moments:
        found = super().moments(split)
        shaken = np.random.default_rng(3).normal(0, 0.05, found.physical.shape)
        return replace(found, physical=found.physical + shaken.astype(np.float32))


def driving_phase(**changes: Any) -> DynamicsPhase:
    parts = {
        "temporal": Temporal(n_in=8 + FELT + 1, n_inner=16, n_heads=2, n_layers=1, n_moments=PAST),
        "dynamics": DynamicsEnsemble(
            members=2,
            n_context=16,
            n_latent=8,
            n_felt=FELT,
            n_physical=6,
            n_action=1,
            n_embedded=4,
            width=32,
        ),
    }
    return tiny_phase(**{**parts, "drives": True, **changes})
