import pytest
from omegaconf import OmegaConf

from nsca.composition import compose
from nsca.model_sizes import TRAINING_ONLY, part_sizes


def test_the_full_model_has_the_size_it_is_planned_with():
    model = compose("train", ["model=nsca"]).model
    sizes = part_sizes(model)
    assert 15e6 <= sum(sizes.values()) <= 17e6, sizes
    assert model.keys() >= TRAINING_ONLY, "no name that has gone"
    assert not TRAINING_ONLY & sizes.keys()
    assert list(sizes) == ["vision", "audio", "fusion", "temporal", "dynamics", "prototypes"]


def test_the_tiny_model_is_a_tenth_of_it():
    sizes = part_sizes(compose("train", ["model=nsca_tiny"]).model)
    assert sum(sizes.values()) < 2e6


def test_a_part_has_the_parameters_of_its_module():
    linear = {"_target_": "nsca.models.projector.Projector", "n_in": 2, "n_hidden": 3, "n_out": 4}
    sizes = part_sizes(OmegaConf.create({"a": linear, "projector": linear, "proprioception": 24}))
    assert sizes.keys() == {"a"}
    assert sizes["a"] == pytest.approx(2 * 3 + 3 * 4, abs=20)
