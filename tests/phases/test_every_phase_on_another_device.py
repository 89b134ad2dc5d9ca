"""Training where weights are not in main memory, as on a GPU: no phase mixes devices."""

import pytest
import torch
from lightning import seed_everything
from lightning.pytorch.strategies import SingleDeviceStrategy
from phases.test_every_phase_resumes import MAKE
from phases.tiny_vision import tiny_trainer
from pretend_device import Pretending, pretend_device


def steps_taken(name: str, **where: object) -> torch.Tensor:
    """What three steps change of the weights, with a validation after each."""
    seed_everything(0, workers=True, verbose=False)
    make_phase, make_data = MAKE[name]
    phase = make_phase(micro_batch=7)
    before = [p.detach().clone() for p in phase.parameters()]
    tiny_trainer(3, val_check_interval=1, **where).fit(phase, datamodule=make_data())
    after = [p.detach().cpu() for p in phase.parameters()]
    return torch.cat([(a - b).flatten() for a, b in zip(after, before, strict=True)])


def test_what_is_there_refuses_what_is_not():
    with pretend_device() as device:
        there = torch.ones(2).to(device)
        assert isinstance(there + 1, Pretending)
        assert (there + there).cpu().tolist() == [2, 2]
        assert there[torch.tensor([1])].shape == (1,)
        with pytest.raises(RuntimeError, match="same device"):
            there + torch.ones(2)
        with pytest.raises(RuntimeError, match="same device"):
            torch.ones(2)[torch.tensor([1], device=device)]
        with pytest.raises(TypeError, match="64 bits"):
            there.double()


@pytest.mark.parametrize("name", MAKE)
def test_a_phase_trains_there_as_it_does_here(name: str, monkeypatch: pytest.MonkeyPatch):
    """Up to rounding, which Muon enlarges: other forms of attention sum otherwise."""
    monkeypatch.setattr("lightning.pytorch.accelerators.cpu.CPUAccelerator.setup_device", _ready)
    here = steps_taken(name)
    with pretend_device() as device:
        there = steps_taken(name, strategy=SingleDeviceStrategy(device=device))
    assert torch.cosine_similarity(here, there, dim=0) > 0.95


def _ready(self: object, device: torch.device) -> None:
    """Lightning's own refuses what is not the CPU."""
