"""What must hold before the first step, so that nothing is lost: settings that contradict each
other cost no run directory, and a full disk no training.
"""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from nsca.assembly import phase_class, phase_name
from nsca.callbacks.step_profile import require_steps_to_time
from nsca.debug import DebugPreset
from nsca.errors import UserError
from nsca.hardware import HardwareProfile
from nsca.phases.phase import Phase
from nsca.run_directory import available_bytes

BYTES_PER_PARAMETER = 12  # fp32 weights and at most two moments


def check_before(cfg: DictConfig, hardware: HardwareProfile, debug: DebugPreset) -> None:
    """Refuse settings that contradict each other, before there is a run directory.

    Raises:
        UserError: a batch that does not fit the processes, a debug preset that the phase cannot
            follow or that has too few steps, a training that never ends, or pictures of another
            size than the model sees.
    """
    steps, epochs = int(cfg.trainer.max_steps), cfg.trainer.get("max_epochs")
    if hardware.processes > 1:
        hardware.share(int(cfg.effective_batch))
        if debug.find_lr:
            raise UserError(
                "debug=find_lr looks for a learning rate on one device",
                "hardware.devices=1 hardware.nodes=1; what it finds holds for more",
            )
    for key, asked in {
        "debug=find_lr": debug.find_lr,
        "trainer.overfit_batches": cfg.trainer.get("overfit_batches"),
    }.items():
        if asked and phase_class(cfg).staged:
            raise UserError(
                f"{key} would go through the stages of phase={phase_name(cfg)} with what is of one",
                "ask it of phase=dynamics, whose networks they are",
            )
    if debug.profile and steps > 0:
        require_steps_to_time(steps)
    # Lightning takes a limit on time for one on epochs
    endless = epochs == -1 or (epochs is None and cfg.trainer.get("max_time") is not None)
    if steps == -1 and endless and not debug.find_lr:
        raise UserError(
            "trainer.max_steps=-1 without trainer.max_epochs never ends, and the learning rate "
            "falls towards an end",
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
