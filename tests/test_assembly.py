import pytest

from nsca.assembly import build, build_data, build_phase, phase_name
from nsca.composition import compose
from nsca.errors import UserError
from nsca.phases.phase import Phase


def test_a_phase_gets_the_micro_batch_of_the_hardware():
    cfg = compose(
        "train", ["model=nsca_tiny", "effective_batch=32", "hardware.micro_batch.vision=8"]
    )
    phase = build_phase(cfg)
    assert isinstance(phase, Phase)
    assert phase.micro_batch == 8
    assert phase_name(cfg) == "vision"
    assert build_data(cfg).effective_batch == 32


def test_what_a_constructor_refuses_is_an_error_of_the_user():
    node = {"_target_": "nsca.phases.optimizer.OptimizerSettings", "learning_rate": -1.0}
    with pytest.raises(UserError, match="learning_rate must be positive"):
        build(node)


def test_a_target_outside_the_list_is_never_built(tmp_path):
    with pytest.raises(UserError, match="not allowed"):
        build({"_target_": "os.mkdir", "path": str(tmp_path / "canary")})
    assert not (tmp_path / "canary").exists()
