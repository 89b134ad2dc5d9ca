"""The fusion alone; every subset of senses: tests/phases/fusion/test_module.py."""

import pytest
import torch
from phases.tiny_fusion import tiny_fusion

from nsca.models.sense_encoder import SenseEncoder


def rows(count: int) -> torch.Tensor:
    return torch.randn(count, 68, generator=torch.Generator().manual_seed(0))


def test_shapes_and_attention_of_one():
    torch.manual_seed(0)
    fusion = tiny_fusion()
    there = torch.tensor([[True, True, True], [True, False, False], [False, False, False]])
    state, aligned, attention = fusion(rows(3), there)
    assert (state.shape, aligned.shape, attention.shape) == ((3, 24), (3, 3, 8), (3, 2, 2, 4))
    assert torch.allclose(attention.sum(dim=3), torch.ones(3, 2, 2))
    assert (attention[1, ..., 1:3] == 0).all()
    assert (attention[2] == torch.tensor([0.0, 0.0, 0.0, 1.0])).all()
    assert fusion.latent(state).shape == (3, 8)


def test_beside_attention_stands_a_linear_map_of_each_sense_that_is_there():
    torch.manual_seed(0)
    fusion, packed = tiny_fusion(), rows(4)
    with torch.no_grad():
        for parameter in fusion.state.parameters():
            parameter.zero_()
        there = torch.tensor([[True, False, True]]).expand(4, 3)
        first, _, last = packed.split(fusion.widths, dim=1)
        expected = fusion.comparable(fusion.direct[0](first) + fusion.direct[2](last))
        assert torch.allclose(fusion(packed, there)[0], expected, atol=1e-6)


def test_a_row_does_not_depend_on_its_batch():
    torch.manual_seed(0)
    fusion, there = tiny_fusion(), torch.ones(6, 3, dtype=torch.bool)
    together = fusion(rows(6), there)[0]
    assert torch.allclose(fusion(rows(6)[2:3], there[:1])[0], together[2:3], atol=1e-5)


def test_stored_rows_carry_their_mask():
    torch.manual_seed(0)
    fusion = tiny_fusion()
    assert isinstance(fusion, SenseEncoder)
    there = torch.tensor([[True, True, False]]).expand(5, 3)
    stored = torch.cat([rows(5), there.float()], dim=1)
    with torch.no_grad():
        expected = fusion(rows(5), there)[0]
    assert torch.allclose(fusion.embed_stored(stored, chunk=2), expected, atol=1e-5)


def test_heads_must_share_the_width():
    with pytest.raises(ValueError, match="not a multiple"):
        tiny_fusion(n_inner=15)
