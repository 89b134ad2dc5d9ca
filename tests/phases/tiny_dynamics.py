"""A small dynamics phase on a thing that a hand's command pushes about: shared by tests."""

from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np
import torch
from phases.tiny_audio import tiny_encoder as tiny_audio
from phases.tiny_fusion import tiny_fusion
from phases.tiny_vision import tiny_encoder as tiny_vision
from phases.tiny_vision import tiny_trainer

from nsca.data.batch import DynamicsBatch
from nsca.data.moments import InMemory, Moments
from nsca.data.source import ProbeLabel, Split
from nsca.models.dynamics_ensemble import DynamicsEnsemble
from nsca.models.senses import Senses
from nsca.models.temporal import Temporal
from nsca.objectives.first_fit import fit
from nsca.objectives.imagination import Imagination
from nsca.phases.dynamics.data import DynamicsData
from nsca.phases.dynamics.module import DynamicsPhase
from nsca.phases.optimizer import OptimizerSettings
from nsca.priors.none import NoPrior
from nsca.priors.weight import PriorWeight

WEIGHTS = {"latent": 1.0, "physical": 1.0, "calibration": 0.1, "contribution": 1e-3}
DT_S, PER_CLIP, PAST, AHEAD = 0.05, 9, 3, 4
WIDTH = {False: 6, True: 13}
FELT = {False: 7, True: 24}


class Pushed:
    """Clips of a thing that goes on at its speed, and at every moment gains what is commanded; the
    hand, where there is one, stands still far away. It may fall, too. The body's sense tells place
    and speed.
    """

    name = "pushed"
    held_out: tuple[Split, ...] = ("val",)

    def __init__(
        self,
        clips: int = 24,
        with_hand: bool = False,
        broken: bool = False,
        falling: bool = False,
    ) -> None:
        self.clips = clips
        self.with_hand = with_hand
        self.broken = broken
        self.fall_m_s = np.array([0.0, 0.0, -9.81 * DT_S if falling else 0.0])

    def fingerprint(self) -> str:
        return "0" * 64

    def moments(self, split: Split) -> Moments:
        rng = np.random.default_rng({"train": 0, "val": 1, "test": 2}[split])
        gains = rng.normal(0, 0.2, (self.clips, PER_CLIP, 3))
        gained = gains + self.fall_m_s
        speed = rng.normal(0, 0.3, (self.clips, 1, 3)) + np.cumsum(gained, axis=1) - gained
        fallen = DT_S / 2 * self.fall_m_s * np.arange(PER_CLIP)[:, None]
        place = DT_S * (np.cumsum(speed, axis=1) - speed) + fallen
        physical = np.concatenate([place, speed], axis=2)
        if self.with_hand:
            hand = np.zeros((self.clips, PER_CLIP, 7))
            hand[..., 0], hand[..., 6] = 1.0, 0.046
            physical = np.concatenate([physical, hand], axis=2)
        physical = physical.reshape(-1, physical.shape[2]).astype(np.float32)
        if self.broken:
            physical[PER_CLIP + 2, 1] = np.nan
        count = len(physical)
        return Moments(
            clip=np.repeat(np.arange(self.clips), PER_CLIP),
            belongs=np.repeat(np.arange(self.clips), PER_CLIP),
            stored={"proprioception": InMemory(physical[:, [0, 1, 3, 4]])},
            present={"proprioception": np.ones(count, bool)},
            action=gains.reshape(-1, 3).astype(np.float32),
            physical=physical,
            interval_s=DT_S,
        )

    def moment_labels(self, split: Split) -> dict[str, ProbeLabel]:
        count = self.clips * PER_CLIP
        which = np.repeat(np.arange(self.clips), PER_CLIP)
        return {"clip": ProbeLabel(np.zeros(count), "scalar", which)}


class Bent(Pushed):
    """Commands act by their squares: a linear map leaves something to learn."""

    def moments(self, split: Split) -> Moments:
        found = super().moments(split)
        return replace(found, action=np.sign(found.action) * np.sqrt(np.abs(found.action)))


def tiny_imagination(with_hand: bool = False, **changes: Any) -> Imagination:
    settings: dict[str, Any] = {
        "temporal": Temporal(
            n_in=8 + FELT[with_hand] + 3, n_inner=16, n_heads=2, n_layers=1, n_moments=PAST
        ),
        "dynamics": DynamicsEnsemble(
            members=2,
            n_context=16,
            n_latent=8,
            n_felt=FELT[with_hand],
            n_physical=WIDTH[with_hand],
            n_action=3,
            n_embedded=4,
            width=32,
        ),
        "prior": NoPrior(),
        "weight": PriorWeight(0.0, 0.0, learnable=False),
        "dt_s": DT_S,
        "substeps": 2,
        "past": PAST,
        "ahead": AHEAD,
    }
    return Imagination(**{**settings, **changes})


def imagining(changes: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """Settings of a phase, of which those of its imagination are taken out of what changes."""
    own = signature(Imagination).parameters.keys() & changes.keys()
    others = {name: value for name, value in changes.items() if name not in own}
    senses = {
        "senses": Senses(vision=tiny_vision(), audio=tiny_audio(), proprioception=4),
        "encoder": tiny_fusion(),
    }
    inner = tiny_imagination(**{**settings.pop("inner", {}), **{n: changes[n] for n in own}})
    return {**senses, "imagination": inner, **settings, **others}


def tiny_phase(with_hand: bool = False, **changes: Any) -> DynamicsPhase:
    torch.manual_seed(0)
    return DynamicsPhase(
        **imagining(
            changes,
            inner={"with_hand": with_hand},
            loss_weights=WEIGHTS,
            optimizer=OptimizerSettings(learning_rate=3e-3),
            micro_batch=64,
        )
    )


def tiny_data(**changes: Any) -> DynamicsData:
    settings: dict[str, Any] = {
        "source": Pushed(),
        "past": PAST,
        "ahead": AHEAD,
        "effective_batch": 24,
        "seed": 0,
        "validation_batches": 2,
    }
    return DynamicsData(**{**settings, **changes})


def first_fit(source: Pushed | None = None, linear: bool = True, **changes) -> DynamicsPhase:
    """Everything that is known before a single step."""
    phase = tiny_phase(linear=linear, **changes)
    data = tiny_data(source=source or Pushed(clips=60))
    data.pack(phase.senses, phase.encoder)
    fit(phase.imagination, data.stored("train"))
    return phase


def held(weight: float) -> PriorWeight:
    """Of a prior, as a treatment."""
    return PriorWeight(weight, 0.0, learnable=False)


def trained(steps: int, source: Pushed | None = None, **changes: Any) -> DynamicsPhase:
    source = source or Pushed(clips=120)
    phase = tiny_phase(with_hand=source.with_hand, **changes)
    tiny_trainer(steps, limit_val_batches=0).fit(phase, datamodule=tiny_data(source=source))
    return phase.eval()


def held_out(phase: DynamicsPhase, **source: Any) -> DynamicsBatch:
    data = tiny_data(source=Pushed(**source), effective_batch=100)
    windows = data.stored("val")
    windows.ask(phase.senses, phase.encoder)
    return windows.window(windows.starts, 0)
