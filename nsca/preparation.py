"""What a hardware profile does to the modules of a phase before they train."""

from omegaconf import DictConfig
from torch import nn

from nsca.assembly import checkpoint_gradients
from nsca.hardware import profile_of
from nsca.models.senses import Senses
from nsca.phases.phase import Phase


def prepare(phase: Phase, cfg: DictConfig) -> None:
    """Apply what the hardware profile says about the modules."""
    hardware = profile_of(cfg)
    checkpoint_gradients(phase, hardware)
    if hardware.compile:
        for part in called_parts(phase):
            part.compile()


def called_parts(phase: Phase) -> list[nn.Module]:
    """Return the modules that a step calls, which is what compiling changes: of the senses side by
    side the encoders, of others the whole.
    """
    parts = [part.children() if isinstance(part, Senses) else [part] for part in phase.children()]
    return [module for group in parts for module in group if not isinstance(module, nn.ModuleList)]
