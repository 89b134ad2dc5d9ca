"""From a checked configuration to the objects of a run: all instantiation from YAML is here."""

import sys
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import get_class, instantiate
from lightning.pytorch import LightningDataModule
from omegaconf import DictConfig, OmegaConf
from torch import nn

from nsca.config_check import check_targets
from nsca.errors import UserError
from nsca.hardware import HardwareProfile, profile_of
from nsca.phases.phase import Phase


def plain(node: Any) -> Any:
    """Return a configuration node as dicts and lists, interpolations resolved."""
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node


def build(node: Any, **extra: Any) -> Any:
    """Instantiate a node whose targets are on the allow-list, with plain dicts and lists inside.

    Args:
        node: has a `_target_`.
        extra: further constructor arguments.

    Raises:
        UserError: a target outside the allow-list, or values that a constructor refuses.
    """
    values = plain(node)
    check_targets(values)
    try:
        return instantiate(values, _convert_="all", **extra)
    except InstantiationException as error:
        raise _reason(error, str(values["_target_"])) from error


def _reason(error: InstantiationException, target: str) -> Exception:
    """What a constructor objected to: Hydra hides it inside its own exception."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, UserError):
            return inner
        if isinstance(inner, ValueError):
            return UserError(f"{target}: {inner}", "correct that setting; --cfg job shows them all")
        inner = inner.__cause__
    return error


def phase_name(cfg: DictConfig) -> str:
    """Return the phase's name: the package that its module lives in."""
    return str(cfg.phase._target_).split(".")[-3]


def phase_class(cfg: DictConfig) -> type[Phase]:
    """Return the phase's class. Raises UserError for a target outside the allow-list."""
    check_targets({"_target_": str(cfg.phase._target_)})
    kind = get_class(str(cfg.phase._target_))
    if not issubclass(kind, Phase):
        raise TypeError(f"{cfg.phase._target_} is no Phase")
    return kind


def build_phase(cfg: DictConfig) -> Phase:
    """Return the phase with fresh weights and the micro-batch that the hardware holds."""
    micro_batch = profile_of(cfg).micro_batch_for(phase_name(cfg), int(cfg.effective_batch))
    phase = build(cfg.phase, micro_batch=micro_batch)
    if not isinstance(phase, Phase):
        raise TypeError(f"{cfg.phase._target_} is no Phase")
    return phase


def checkpointable(phase: nn.Module) -> list[Any]:
    """Return what of a phase is trained and can recompute activations instead of keeping them."""
    able = [m for m in phase.modules() if hasattr(m, "set_grad_checkpointing")]
    return [m for m in able if any(p.requires_grad for p in m.parameters())]


def checkpoint_gradients(phase: Phase, profile: HardwareProfile) -> None:
    """Let what the phase trains recompute activations instead of keeping them, if the profile asks
    and it can: encoders of pictures and sounds.
    """
    if not profile.gradient_checkpointing:
        return
    able = checkpointable(phase)
    for module in able:
        module.set_grad_checkpointing(True)
    if not able:
        print("gradient checkpointing: nothing that this phase trains offers it", file=sys.stderr)


def build_data(cfg: DictConfig) -> LightningDataModule:
    """Return the data module; it loads nothing yet."""
    data = build(cfg.data_module)
    if not isinstance(data, LightningDataModule):
        raise TypeError(f"{cfg.data_module._target_} is no LightningDataModule")
    return data
