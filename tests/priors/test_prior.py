import pytest

from nsca.priors.prior import Prior


def test_a_prior_without_an_acceleration_cannot_be_made():
    class Silent(Prior):
        pass

    with pytest.raises(TypeError, match="acceleration"):
        Silent()
