import pytest

from nsca.assembly import build, build_data, build_phase, checkpoint_gradients, phase_name
from nsca.composition import compose
from nsca.errors import UserError
from nsca.hardware import profile_of
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


@pytest.mark.parametrize("asked", [True, False])
def test_gradients_are_checkpointed_where_the_hardware_asks(asked: bool):
    cfg = compose("train", ["model=nsca_tiny", f"hardware.gradient_checkpointing={asked}"])
    phase = build_phase(cfg)
    checkpoint_gradients(phase, profile_of(cfg))
    assert phase.encoder.backbone.grad_checkpointing is asked


def test_a_phase_without_checkpointing_says_so(capsys: pytest.CaptureFixture[str]):
    cfg = compose("train", ["model=nsca_tiny", "hardware.gradient_checkpointing=true"])
    phase = build_phase(cfg)
    phase.encoder.backbone = None
    checkpoint_gradients(phase, profile_of(cfg))
    assert "no part of this phase offers it" in capsys.readouterr().err


def test_what_a_constructor_refuses_is_an_error_of_the_user():
    node = {"_target_": "nsca.phases.optimizer.OptimizerSettings", "learning_rate": -1.0}
    with pytest.raises(UserError, match="learning_rate must be positive"):
        build(node)


def test_a_target_outside_the_list_is_never_built(tmp_path):
    with pytest.raises(UserError, match="not allowed"):
        build({"_target_": "os.mkdir", "path": str(tmp_path / "canary")})
    assert not (tmp_path / "canary").exists()
