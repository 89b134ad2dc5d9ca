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


ABLE = {"vision": True, "audio": True, "full": True, "fusion": False, "dynamics": False}


@pytest.mark.parametrize("name", [*ABLE, "memory"])
def test_a_phase_that_trains_nothing_able_says_so(name: str, capsys: pytest.CaptureFixture[str]):
    """Frozen encoders keep no activations: that they could recompute them helps nobody."""
    asked = [f"phase={name}", "model=nsca_tiny", "hardware.gradient_checkpointing=true"]
    cfg = compose("train", asked)
    phase = build_phase(cfg)
    checkpoint_gradients(phase, profile_of(cfg))
    silent = "nothing that this phase trains offers it" not in capsys.readouterr().err
    assert silent is ABLE.get(name, False)
    trained = [m for m in phase.modules() if getattr(m, "grad_checkpointing", False)]
    assert bool(trained) is silent


def test_what_a_constructor_refuses_is_an_error_of_the_user():
    node = {"_target_": "nsca.phases.optimizer.OptimizerSettings", "learning_rate": -1.0}
    with pytest.raises(UserError, match="learning_rate must be positive"):
        build(node)


def test_a_target_outside_the_list_is_never_built(tmp_path):
    with pytest.raises(UserError, match="not allowed"):
        build({"_target_": "os.mkdir", "path": str(tmp_path / "canary")})
    assert not (tmp_path / "canary").exists()
