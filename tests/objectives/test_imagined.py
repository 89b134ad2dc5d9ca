"""The losses of what was imagined: which errors and which doubts each of them reads."""

import math

import pytest
import torch

from nsca.objectives.imagined import TERMS, Imagined, imagined_losses

ROWS, MEMBERS, AHEAD, LATENT, PHYSICAL = 3, 2, 4, 5, 6


def imagined(latent_log_variance: float = 0.0, physical_log_variance: float = 0.0) -> Imagined:
    lead = (ROWS, MEMBERS, AHEAD)
    return Imagined(
        latent=torch.zeros(*lead, LATENT),
        physical=torch.zeros(*lead, PHYSICAL),
        latent_log_variance=torch.full((*lead, LATENT), latent_log_variance),
        physical_log_variance=torch.full((*lead, PHYSICAL), physical_log_variance),
        contribution=torch.full((*lead, 6), 3.0),
    )


def errors(latent: float, physical: float) -> tuple[torch.Tensor, torch.Tensor]:
    lead = (ROWS, MEMBERS, AHEAD)
    return torch.full((*lead, LATENT), latent), torch.full((*lead, PHYSICAL), physical)


def test_only_what_is_wanted_is_computed_and_errors_count_squared():
    found = imagined_losses(imagined(), *errors(2.0, -3.0), ["latent", "physical"])
    assert {name: float(value) for name, value in found.items()} == {"latent": 4, "physical": 9}
    assert set(imagined_losses(imagined(), *errors(1.0, 1.0), TERMS)) == TERMS


def test_a_larger_share_of_what_is_learned_costs_more():
    small = imagined()._replace(contribution=torch.zeros(ROWS, MEMBERS, AHEAD, 6))
    losses = [
        float(imagined_losses(each, *errors(0.0, 0.0), ["contribution"])["contribution"])
        for each in (small, imagined())
    ]
    assert losses[0] == 0 < losses[1]


@pytest.mark.parametrize(
    ("wanted", "judged"),
    [
        (["calibration", "latent"], ["latent"]),
        (["calibration", "physical"], ["physical"]),
        (["calibration", "latent", "physical"], ["latent", "physical"]),
        (["calibration"], ["latent", "physical"]),
    ],
)
def test_doubt_is_learned_of_what_is_learned(wanted: list[str], judged: list[str]):
    """Doubt about a latent that nothing learns to foretell is noise."""
    found = imagined_losses(imagined(1.0, 2.0), *errors(2.0, 3.0), wanted)["calibration"]
    likelihood = {
        "latent": 0.5 * (1 + 4 * math.exp(-1)),
        "physical": 0.5 * (2 + 9 * math.exp(-2)),
    }
    expected = sum(likelihood[name] for name in judged) / len(judged)
    assert float(found) == pytest.approx(expected, rel=1e-5)
