import pytest
import torch
from priors.states import hand, vectors

from nsca.priors.state import PhysicalState


def test_fields_may_lack_batch_dimensions_and_nothing_else():
    position = torch.zeros(5, 2, 3)
    state = PhysicalState(position, position, torch.zeros(2), hand(vectors((0, 0, 1), (0, 0, 1))))
    assert state.rest_height_m is not None
    with pytest.raises(Exception, match="rest_height_m"):
        PhysicalState(position, position, torch.zeros(3))
