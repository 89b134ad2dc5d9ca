"""From a checked configuration to the objects of a run: all instantiation from YAML is here."""

import inspect
from typing import Any

from hydra.utils import instantiate
from lightning.pytorch import LightningDataModule
from omegaconf import DictConfig, OmegaConf

from nsca.config_check import check_targets
from nsca.hardware import profile_of
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
        UserError: a target outside the allow-list.
    """
    values = plain(node)
    check_targets(values)
    return instantiate(values, _convert_="all", **extra)


def phase_name(cfg: DictConfig) -> str:
    """Return the phase's name: the package that its module lives in."""
    return str(cfg.phase._target_).split(".")[-3]


def build_phase(cfg: DictConfig) -> Phase:
    """Return the phase with fresh weights and the micro-batch that the hardware holds."""
    micro_batch = profile_of(cfg).micro_batch_for(phase_name(cfg), int(cfg.effective_batch))
    phase = build(cfg.phase, micro_batch=micro_batch)
    if not isinstance(phase, Phase):
        raise TypeError(f"{cfg.phase._target_} is no Phase")
    return phase


def build_data(cfg: DictConfig) -> LightningDataModule:
    """Return the data module; it loads nothing yet."""
    data = build(cfg.data_module)
    if not isinstance(data, LightningDataModule):
        raise TypeError(f"{cfg.data_module._target_} is no LightningDataModule")
    return data


def accepts(target: type, name: str) -> bool:
    """Whether a constructor has a parameter of this name."""
    return name in inspect.signature(target).parameters
