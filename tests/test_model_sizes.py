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


def test_the_tiny_model_is_a_seventh_of_it():
    tiny, full = (
        sum(part_sizes(compose("train", [f"model={name}"]).model).values())
        for name in ("nsca_tiny", "nsca")
    )
    assert tiny < full / 7


def test_a_part_has_the_parameters_of_its_module():
    linear = {"_target_": "nsca.models.projector.Projector", "n_in": 2, "n_hidden": 3, "n_out": 4}
    sizes = part_sizes(OmegaConf.create({"a": linear, "projector": linear, "proprioception": 24}))
    assert sizes.keys() == {"a"}
    assert sizes["a"] == pytest.approx(2 * 3 + 3 * 4, abs=20)
