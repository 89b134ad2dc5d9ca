"""What the balloon gate learns and how it is scored: one-step accelerations, then whole paths."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from nsca.losses.contribution_penalty import contribution_penalty
from nsca.priors.blend import BlendedAcceleration
from nsca.priors.motion import advance
from nsca.priors.prior import STANDARD_GRAVITY_M_S2
from nsca.priors.state import PhysicalState
from nsca.worlds.buoyant import BuoyantObject

DT_S = 0.0125  # Meta-World's control step
TRAIN_STARTS, TRAIN_POINTS = 256, 40  # paths of half a second: 10,240 transitions
HELD_OUT_STARTS, HELD_OUT_POINTS = 200, 80  # paths of a second, twice as long as any seen
BATCH = 64
WIDTH = 64
LEARNING_RATE = 1e-3  # of the correction: Adam's default
# Starts lie within half a metre sideways at up to 1 m/s; those held out begin where none of the
# training did.
SIDEWAYS_M, SPEED_M_S = 0.5, 1.0
TRAIN_HEIGHT_M, HELD_OUT_HEIGHT_M = (0.0, 1.0), (1.0, 2.0)


class Correction(nn.Module):
    """Position and velocity to acceleration in units of g; zero at first, so that the model begins
    as its prior.
    """

    def __init__(self) -> None:
        super().__init__()
        last = nn.Linear(WIDTH, 3)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        hidden = [nn.Linear(6, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH), nn.Tanh()]
        self.layers = nn.Sequential(*hidden, last)

    def forward(self, features: Float[Tensor, "*batch 6"]) -> Float[Tensor, "*batch 3"]:
        return STANDARD_GRAVITY_M_S2 * self.layers(features)


def starts(
    draw: np.random.Generator, count: int, height_m: tuple[float, float]
) -> tuple[Float[np.ndarray, "start 3"], Float[np.ndarray, "start 3"]]:
    """Positions and velocities, uniform."""
    low, high = ([-SIDEWAYS_M] * 2 + [height_m[0]], [SIDEWAYS_M] * 2 + [height_m[1]])
    return draw.uniform(low, high, (count, 3)), draw.uniform(-SPEED_M_S, SPEED_M_S, (count, 3))


def transitions(world: BuoyantObject, draw: np.random.Generator) -> Float[Tensor, "sample 9"]:
    """Position, velocity and mean acceleration over the step that follows."""
    begin = starts(draw, TRAIN_STARTS, TRAIN_HEIGHT_M)
    position, velocity = world.motion(*begin, DT_S, TRAIN_POINTS)
    acceleration = np.diff(velocity, axis=1) / DT_S
    rows = np.concatenate([position[:, :-1], velocity[:, :-1], acceleration], axis=-1)
    return torch.from_numpy(rows.reshape(-1, 9)).float()


def train(
    model: BlendedAcceleration,
    samples: Float[Tensor, "sample 9"],
    steps: int,
    penalty: float,
    seed: int,
) -> list[float]:
    """Fit one-step accelerations; return the weight before the first and after every step."""
    optimizer = torch.optim.Adam(model.parameter_groups(LEARNING_RATE))
    order = torch.Generator().manual_seed(seed)
    trace = [model.weight().item()]
    for _ in range(steps):
        batch = samples[torch.randint(len(samples), (BATCH,), generator=order)]
        state = PhysicalState(batch[:, :3], batch[:, 3:6])
        blended = model(state, batch[:, :6])
        error = (blended.acceleration - batch[:, 6:]) / STANDARD_GRAVITY_M_S2
        price = contribution_penalty(blended.contribution, STANDARD_GRAVITY_M_S2)
        loss = error.square().sum(-1).mean() + penalty * price
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        trace.append(model.weight().item())
    return trace


@torch.no_grad()
def judge_paths(
    model: BlendedAcceleration, world: BuoyantObject, draw: np.random.Generator
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Predict a second from held-out starts; errors, and mean gains of height for the plot."""
    begin = starts(draw, HELD_OUT_STARTS, HELD_OUT_HEIGHT_M)
    truth = torch.from_numpy(world.motion(*begin, DT_S, HELD_OUT_POINTS)[0]).float()
    position, velocity = (torch.from_numpy(part).float() for part in begin)
    guessed = _path(lambda state, x: model(state, x).acceleration, position, velocity)
    fallen = _path(lambda state, _: model.prior.acceleration(state), position, velocity)
    ours, prior, copy = (_error_m(p, truth) for p in (guessed, fallen, truth[:, :1]))
    gain = guessed[:, -1, 2] - guessed[:, 0, 2]
    figures = {
        "rising_share": float((gain > 0).float().mean()),
        "error_m": ours,
        "error_over_copy": ours / copy,
        "error_over_prior": ours / prior,
    }
    paths = {"predicted_m": guessed, "true_m": truth, "prior_m": fallen}
    gains = {name: (path[..., 2] - path[:, :1, 2]).mean(0).tolist() for name, path in paths.items()}
    time_s = (np.arange(HELD_OUT_POINTS + 1) * DT_S).tolist()
    return figures, {"time_s": time_s, **gains}


def _path(
    accelerate: Callable[[PhysicalState, Tensor], Tensor], position: Tensor, velocity: Tensor
) -> Float[Tensor, "start time 3"]:
    places = [position]
    for _ in range(HELD_OUT_POINTS):
        state = PhysicalState(position, velocity)
        acceleration = accelerate(state, torch.cat([position, velocity], -1))
        position, velocity = advance(position, velocity, acceleration, DT_S)
        places.append(position)
    return torch.stack(places, dim=1)


def _error_m(path: Float[Tensor, "start time 3"], truth: Float[Tensor, "start later 3"]) -> float:
    """Root mean square distance between the ends."""
    return float((path[:, -1] - truth[:, -1]).square().sum(-1).mean().sqrt())
