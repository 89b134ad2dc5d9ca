import pytest
import torch
from torch import nn

from nsca.losses.contribution_penalty import contribution_penalty
from nsca.priors.blend import BlendedAcceleration
from nsca.priors.gravity import Gravity
from nsca.priors.physics import Physics
from nsca.priors.random_fixed import RandomFixed
from nsca.priors.state import Hand, PhysicalState
from nsca.priors.weight import LEARNING_RATE, PriorWeight


class Constant(nn.Module):
    """The same acceleration whatever the features."""

    def __init__(self, *value: float) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))

    def forward(self, features):
        return self.value.expand(*features.shape[:-1], 3)


def states(count: int = 4) -> tuple[PhysicalState, torch.Tensor]:
    position, velocity = torch.randn(2, count, 3)
    return PhysicalState(position, velocity), torch.cat([position, velocity], -1)


@pytest.mark.parametrize(
    ("weight", "up"), [(0.0, 2.0), (0.1, 0.819), (0.5, -3.905), (0.9, -8.629), (1.0, -9.81)]
)
def test_a_fixed_weight_mixes_exactly(weight, up):
    model = BlendedAcceleration(
        Gravity(9.81), PriorWeight(weight, 0.0, learnable=False), Constant(0.0, 0.0, 2.0)
    )
    state, features = states()
    blended = model(state, features)
    torch.testing.assert_close(blended.acceleration[:, 2], torch.full((4,), up))
    torch.testing.assert_close(blended.contribution[:, 2], torch.full((4,), (1 - weight) * 2.0))


def test_the_penalty_pulls_the_weight_to_where_the_rest_is_least():
    """The correction is held at the exact rest: only the price of its contribution is left."""
    for truth, direction in ((4.9, -1), (-9.81, +1)):
        weight = PriorWeight(0.6, 0.3, learnable=True)
        contribution = truth - weight() * -9.81
        contribution_penalty(contribution[None, None], 9.81).backward()
        assert -weight.argument.grad.sign().item() == direction


@pytest.mark.parametrize(("prior", "left_over"), [(Gravity(9.81), 0.01), (RandomFixed(0), 0.1)])
def test_the_correction_can_cancel_a_prior_at_its_floor(prior, left_over):
    """Weightlessness under a prior that may not go below 0.3: the sum must be zero."""
    torch.manual_seed(0)
    correction = nn.Sequential(nn.Linear(6, 128), nn.Tanh(), nn.Linear(128, 3))
    model = BlendedAcceleration(prior, PriorWeight(0.3, 0.3, learnable=False), correction)
    optimizer = torch.optim.Adam(model.parameter_groups(1e-2))
    for _ in range(1500):
        state, features = states(128)
        loss = model(state, features).acceleration.square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    state, features = states(1000)
    with torch.no_grad():
        left = model(state, features).acceleration.norm(dim=-1).mean()
        said = 0.3 * prior.acceleration(state).norm(dim=-1).mean()
    assert left < left_over * said, f"{left / said:.3f} of what the prior says is left"


@pytest.mark.parametrize(("touched", "left_over"), [(False, 0.06), (True, 0.5)])
def test_the_correction_can_cancel_support_and_friction_and_most_of_a_touch(touched, left_over):
    """The whole prior at its floor. A hand's touch ends at a radius, a jump that a smooth network
    follows only roughly: 0.42 of what the prior says was left after this training, 0.29 after one
    of 4,000 steps with 256 units; without a hand 0.04 and 0.01.
    """
    torch.manual_seed(0)
    correction = nn.Sequential(
        nn.Linear(16, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, 3)
    )
    model = BlendedAcceleration(Physics(9.81), PriorWeight(0.3, 0.3, learnable=False), correction)
    optimizer = torch.optim.Adam(model.parameter_groups(3e-3))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 1500)
    for _ in range(1500):
        loss = (model(*on_a_table(256, touched)).acceleration / 9.81).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    state, features = on_a_table(4000, touched)
    with torch.no_grad():
        left = model(state, features).acceleration.norm(dim=-1).mean()
        said = 0.3 * model.prior.acceleration(state).norm(dim=-1).mean()
    assert left < left_over * said, f"{left / said:.3f} of what the prior says is left"


def on_a_table(count: int, touched: bool) -> tuple[PhysicalState, torch.Tensor]:
    """Things at, above and in the support, a hand about as near as it is wide; features of both."""
    position = torch.randn(count, 3) * torch.tensor([0.05, 0.05, 0.02])
    velocity, rest = 0.2 * torch.randn(count, 3), torch.full((count,), -0.02)
    apart = 0.05 * torch.randn(count, 3)
    hand_velocity, closing = 0.2 * torch.randn(count, 3), torch.rand(count) < 0.5
    hand = Hand(
        position + apart, hand_velocity, closing, torch.zeros(3), torch.full((count,), 0.05)
    )
    height = position[:, 2:] - rest[:, None]
    features = [torch.tanh(height / scale) for scale in (0.05, 0.002)] + [velocity / 0.2]
    if touched:
        features += [torch.tanh(apart / scale) for scale in (0.05, 0.2)]
        features += [(hand_velocity - velocity) / 0.2, closing[:, None].float()]
    known = torch.cat(features, -1)
    known = torch.cat([known, torch.ones(count, 16 - known.shape[-1])], -1)
    return PhysicalState(position, velocity, rest, hand if touched else None), known


def test_the_weight_has_its_own_learning_rate_and_no_decay():
    model = BlendedAcceleration(
        Gravity(9.81), PriorWeight(0.9, 0.3, learnable=True), Constant(0.0, 0.0, 0.0)
    )
    first, second = model.parameter_groups(1e-4)
    assert first["lr"] == 1e-4
    assert (second["lr"], second["weight_decay"]) == (LEARNING_RATE, 0.0)
    assert second["params"] == [model.weight.argument]
    fixed = BlendedAcceleration(
        Gravity(9.81), PriorWeight(0.9, 0.3, learnable=False), Constant(0.0, 0.0, 0.0)
    )
    assert len(fixed.parameter_groups(1e-4)) == 1
