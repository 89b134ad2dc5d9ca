import pytest

from nsca.assembly import build_phase
from nsca.composition import compose
from nsca.preparation import called_parts


@pytest.mark.parametrize(
    "phase", ["vision", "audio", "fusion", "dynamics", "memory", "full", "fewshot"]
)
def test_what_is_compiled_is_what_a_step_calls(phase: str):
    """A module that others reach into, past its call, would stay as it is."""
    cfg = compose("train", [f"phase={phase}", "model=nsca_tiny", "parts={}"])
    module = build_phase(cfg)
    parts, called = called_parts(module), set()
    for part in parts:
        part.register_forward_hook(lambda who, *_: called.add(type(who).__name__))
    module.embed(module.example_batch(4))
    wanted = {type(part).__name__ for part in parts}
    senses = {"VisionEncoder", "AudioEncoder"}
    frozen = {  # asked once, before the first step
        "fusion": senses,
        "dynamics": {*senses, "Fusion"},
        "memory": {*senses, "Fusion"},
    }
    later = {"MelDecoder", "Standardise"}  # by losses; by `pack`
    state = {"EpisodicStore", "Anchors"}
    assert wanted - called <= frozen.get(phase, set()) | later | state
    assert called
