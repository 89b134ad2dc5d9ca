"""What must hold before the first step, so that nothing is lost: settings that contradict each
other cost no run directory, and a full disk no training.
"""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from nsca.assembly import phase_class, phase_name
from nsca.debug import DebugPreset
from nsca.errors import UserError
from nsca.hardware import HardwareProfile
from nsca.phases.phase import Phase
from nsca.run_directory import available_bytes
from nsca.shared_batch import require_launch

BYTES_PER_PARAMETER = 12  # fp32 weights and at most two moments


def check_before(cfg: DictConfig, hardware: HardwareProfile, debug: DebugPreset) -> None:
    """Refuse settings that contradict each other, before there is a run directory.

    Raises:
        UserError: a batch or a launch that does not fit the processes, a learning rate looked for
            where there is none to find, a training that never ends, or pictures of another size
            than the model sees.
    """
    if hardware.processes > 1:
        require_launch(hardware.nodes)
        hardware.share(int(cfg.effective_batch))
        if debug.find_lr:
            raise UserError(
                "debug=find_lr looks for a learning rate on one device",
                "hardware.devices=1 hardware.nodes=1; what it finds holds for more",
            )
    if debug.find_lr and phase_class(cfg).staged:
        raise UserError(
            f"debug=find_lr would sweep through the stages of phase={phase_name(cfg)}",
            "look for a rate with phase=dynamics, whose networks they are",
        )
    if cfg.trainer.max_steps == -1 and cfg.trainer.get("max_epochs") == -1:
        raise UserError(
            "trainer.max_steps=-1 trainer.max_epochs=-1 never ends, and the learning rate falls "
            "towards an end",
            "trainer.max_steps=<steps>",
        )
    given = OmegaConf.select(cfg, "data.image_size")
    encoders = [cfg.phase.get("encoder"), OmegaConf.select(cfg, "phase.senses.vision")]
    for seen in (each["image_size"] for each in encoders if each and "image_size" in each):
        if given is not None and given != seen:
            raise UserError(
                f"data.image_size={given}, and the model sees pictures of {seen} pixels",
                f"data.image_size={seen} (or model.vision.image_size={given}, a multiple of 16)",
            )


def check_disk(phase: Phase, place: Path) -> None:
    """Raises UserError where the volume has no room for the first checkpoints."""
    needed = 4 * BYTES_PER_PARAMETER * sum(p.numel() for p in phase.parameters())
    free = available_bytes(place)
    if free < needed:
        raise UserError(
            f"the volume of {place} has {free / 1e6:.0f} MB free; the checkpoints need "
            f"{needed / 1e6:.0f} MB",
            "free space, or outputs=<folder on another volume>",
        )
