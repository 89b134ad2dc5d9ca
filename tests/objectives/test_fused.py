"""What a fused state learns by, asked for through a small fusion phase."""

import math
from dataclasses import replace

import pytest
import torch
from phases.tiny_fusion import WEIGHTS, a_batch, tiny_phase

from nsca.objectives.fused import TERMS


def test_every_term_is_tested():
    assert WEIGHTS.keys() == TERMS


def test_terms_whose_data_is_absent_are_absent():
    phase = tiny_phase()
    timeless = a_batch(phase, timed=False)
    loss, terms = phase.weighted_loss(phase.embed(timeless), timeless)
    assert terms.keys() == WEIGHTS.keys() - {"prediction"}
    assert math.isfinite(loss.item())
    batch = a_batch(phase)
    last = replace(batch, later_there=torch.zeros_like(batch.later_there))
    loss, terms = phase.weighted_loss(phase.embed(last), last)
    assert terms.keys() == WEIGHTS.keys() - {"prediction"}
    assert math.isfinite(loss.item())
    alone = replace(batch, there=torch.tensor([True, False, False]).expand_as(batch.there))
    assert phase.active_terms(alone) == WEIGHTS.keys() - {"consistency"}
    assert phase.active_terms(replace(batch, belongs=torch.zeros_like(batch.belongs))) == (
        WEIGHTS.keys() - {"consistency"}
    )


def test_a_missing_sense_is_neither_predicted_nor_agreed_with():
    phase = tiny_phase()
    batch = a_batch(phase)
    embeddings = phase.embed(batch)
    silent = ~batch.later_there[:, 1]
    assert silent.any()
    later = batch.later.clone()
    later[silent, 32:64] += 100
    changed = replace(batch, later=later)
    _, before = phase.weighted_loss(embeddings, batch)
    _, after = phase.weighted_loss(embeddings, changed)
    assert after["prediction"] == before["prediction"]
    aligned = embeddings["aligned"].clone()
    aligned[~batch.there[:, 1], 1] += 100
    _, moved = phase.weighted_loss({**embeddings, "aligned": aligned}, batch)
    assert moved["consistency"] == before["consistency"]


def test_prediction_is_the_mean_over_senses_of_their_mean_squared_error():
    phase = tiny_phase()
    batch = a_batch(phase)
    off = torch.zeros_like(batch.later)
    off[:, :32], off[:, 64:] = 1.0, 2.0
    found = phase.losses({**phase.embed(batch), "predicted": batch.later + off}, batch)
    assert found["prediction"].item() == pytest.approx((1 + 0 + 4) / 3, rel=1e-4)


def test_completion_is_the_distance_from_the_state_of_all_senses():
    phase = tiny_phase()
    batch = a_batch(phase)
    whole = replace(batch, kept=batch.there)
    assert phase.losses(phase.embed(whole), whole)["completion"].item() < 1e-10
    partly = phase.losses(phase.embed(batch), batch)["completion"]
    assert partly.item() > 1e-4
    full = phase.embed(batch)["state"]
    alone = phase.embed(replace(batch, kept=batch.there.clone().fill_(False)))["completed"]
    pulled = torch.autograd.grad(
        phase.losses({**phase.embed(batch), "state": full, "completed": alone}, batch)[
            "completion"
        ],
        [full, alone],
        allow_unused=True,
    )
    assert pulled[0] is None, "the state of all senses is what is aimed at, and is not pulled"
    assert pulled[1] is not None
