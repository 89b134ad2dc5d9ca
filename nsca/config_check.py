"""Checks a composed configuration before anything heavy is imported and before data is read.

Three questions: does every `_target_` name an allowed class; is every key a parameter of the thing
it configures; is every value possible. All answers come from source text (source_signature.py).
Root keys count as known when the verb's module (or an nsca module that it imports) reads them from
`cfg`, or when another value interpolates them: an option that nobody reads is refused.
"""

import ast
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nsca.conf_folder import config_directory
from nsca.errors import UserError
from nsca.hardware import available_cores
from nsca.source_signature import (
    Signature,
    UnknownTargetError,
    config_reads,
    module_strings,
    resolve_class,
    signature_of,
)
from nsca.spelling import advice, nearest
from nsca.value_ranges import check_values, is_number

ALLOWED_PREFIXES = (
    "nsca.",
    "lightning.pytorch.callbacks.",
    "lightning.pytorch.loggers.",
)
HYDRA_PREFIXES = ("hydra._internal.core_plugins.", "hydra_plugins.")
HYDRA_PLUGIN_NODES = ("hydra.launcher", "hydra.sweeper")
CONTROL_KEYS = frozenset({"_target_", "_partial_", "_convert_", "_recursive_"})

# plain nodes (no _target_) and the class that says which keys they have
NODE_CLASSES = {
    "hardware": "nsca.hardware.HardwareProfile",
    "checkpoint": "nsca.callbacks.checkpointing.CheckpointSettings",
    "early_stopping": "nsca.callbacks.early_stop.EarlyStoppingSettings",
    "ema": "nsca.callbacks.weight_average.AverageSettings",
    "debug": "nsca.debug.DebugPreset",
    "trainer": "lightning.pytorch.trainer.trainer.Trainer",
}
# Trainer arguments that another part of the configuration decides
TRAINER_ELSEWHERE = {
    "accelerator": "hardware.accelerator",
    "devices": "hardware.devices",
    "num_nodes": "hardware.nodes",
    "precision": "hardware.precision",
    "strategy": "hardware.strategy",
    "accumulate_grad_batches": "hardware.micro_batch.default (accumulation follows from it)",
    "logger": "logger",
    "default_root_dir": "outputs",
    "callbacks": "checkpoint",
    "plugins": "hardware",
    "enable_checkpointing": "checkpoint.every_steps",
    "use_distributed_sampler": "hardware.strategy",
    "barebones": "debug",
}


def check_config(
    config: Mapping[str, Any], verb: str, interpolated: frozenset[str] = frozenset()
) -> None:
    """Refuses a configuration that cannot be what the user meant.

    Args:
        config: composed, as plain dicts and lists, interpolations resolved, with or without
            `hydra`.
        verb: name of the root config, equal to the name of the module that reads it.
        interpolated: root keys that other values refer to as ${key}; they count as read.

    Raises:
        UserError: unknown key, target outside the allow-list, impossible value; names the key and
            the
            nearest right one.
    """
    check_targets(config)
    own = {key: value for key, value in config.items() if key != "hydra"}
    _check_root_keys(own, verb, interpolated)
    for key, value in own.items():
        if key in NODE_CLASSES and isinstance(value, Mapping) and "_target_" not in value:
            _check_class_node(key, value, _signature(NODE_CLASSES[key], key))
        else:
            _check_node(key, value)
        if key == "model" and isinstance(value, Mapping):
            _check_names(key, value, _model_parts())
        if key == "parts" and isinstance(value, Mapping):
            _check_names(key, value, _parts_of(str(own["phase"]["_target_"])))
    check_values("", own)
    workers = own.get("workers")
    if isinstance(workers, int) and workers > available_cores():
        raise UserError(
            f"workers={workers}, but this machine gives {available_cores()} cores",
            f"workers={available_cores()} or fewer",
        )


def check_targets(node: Any, path: str = "") -> None:
    """Refuses every `_target_` outside the allow-list, nested ones included, importing nothing.

    Raises:
        UserError: naming the key and the allowed beginnings.
    """
    if isinstance(node, Mapping):
        for key, value in node.items():
            full_key = f"{path}.{key}" if path else str(key)
            if re.fullmatch(r"_\w+_", str(key)) and key not in {*CONTROL_KEYS, "_args_"}:
                raise UserError(f"unknown key '{full_key}'", advice(str(key), CONTROL_KEYS))
            if key == "_target_":
                _check_target(value, full_key, path)
            elif key in {"_args_", "()"}:
                raise UserError(f"{full_key} is not allowed", "name the parameters one by one")
            check_targets(value, full_key)
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            check_targets(value, f"{path}[{index}]")


def _check_target(target: object, full_key: str, path: str) -> None:
    allowed = HYDRA_PREFIXES if path in HYDRA_PLUGIN_NODES else ALLOWED_PREFIXES
    parts = target.split(".") if isinstance(target, str) else []
    well_formed = all(part.isidentifier() for part in parts) and len(parts) > 1
    private = any(part.startswith("_") for part in parts) and allowed is ALLOWED_PREFIXES
    if not well_formed or private or not str(target).startswith(allowed):
        raise UserError(
            f"{full_key}={target} is not allowed: only classes that begin with "
            f"{', '.join(allowed)} may be built",
            "put your class into the nsca package and name it there",
        )
    if path not in HYDRA_PLUGIN_NODES:
        _signature(str(target), full_key)


def _signature(target: str, full_key: str) -> Signature:
    try:
        return signature_of(target)
    except UnknownTargetError as error:
        raise UserError(
            f"{full_key}={target}: there is no such class",
            advice(target, error.candidates, "class"),
        ) from None


def _check_node(path: str, node: Any) -> None:
    if isinstance(node, Mapping):
        if "_target_" in node:
            _check_class_node(path, node, _signature(str(node["_target_"]), path))
            return
        for key, value in node.items():
            _check_node(f"{path}.{key}", value)
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            _check_node(f"{path}[{index}]", value)


def _check_class_node(path: str, node: Mapping[str, Any], signature: Signature) -> None:
    for key, value in node.items():
        if key in CONTROL_KEYS:
            continue
        full_key = f"{path}.{key}"
        if path == "trainer" and key in TRAINER_ELSEWHERE:
            raise UserError(
                f"{full_key} is decided elsewhere", f"set {TRAINER_ELSEWHERE[key]} instead"
            )
        if key not in signature.annotations:
            keys = set(signature.annotations) | (
                CONTROL_KEYS if str(key).startswith("_") else set()
            )
            keys -= set(TRAINER_ELSEWHERE) if path == "trainer" else set()
            # a file may choose from other groups; misspelt, the list ends up among its settings
            keys |= {"defaults"} if nearest(str(key), {"defaults"}) else set()
            raise UserError(f"unknown key '{full_key}'", advice(str(key), keys))
        annotation = signature.annotations[key]
        if annotation is not None and not _fits(value, annotation):
            raise UserError(
                f"{full_key}={value} is not {ast.unparse(annotation)}", "give a value of that type"
            )
        if (
            isinstance(value, Mapping)
            and "_target_" not in value
            and isinstance(annotation, ast.Name)
        ):
            inner = resolve_class(signature.module, annotation.id)
            if inner is not None and (fields := signature_of(inner)).annotations:
                _check_class_node(full_key, value, fields)
                continue
        if key == "loss_weights" and isinstance(value, Mapping):
            _check_names(full_key, value, module_strings(signature.module, "TERMS"))
        if full_key == "phase.optimizer" and isinstance(value, Mapping):
            modules = module_strings(signature.module, "PARTS", values=True)
            _check_names(f"{full_key}.rates", value.get("rates") or {}, modules)
        if full_key == "hardware.micro_batch" and isinstance(value, Mapping):
            _check_names(full_key, value, frozenset({"default"}) | _phase_names())
        _check_node(full_key, value)


def _check_names(path: str, node: Mapping[str, Any], known: frozenset[str] | None) -> None:
    for key in node:
        if known and key not in known:
            raise UserError(f"unknown key '{path}.{key}'", advice(str(key), known))


def _phase_names() -> frozenset[str]:
    """Of packages: a variant has the micro-batch of the phase that it begins from."""
    phases = Path(__file__).parent / "phases"
    return frozenset(file.stem for file in _choices("phase") if (phases / file.stem).is_dir())


def _model_parts() -> frozenset[str]:
    """What some phase, or another part, takes of a model: nobody would build anything else."""
    files = [*_choices("phase"), *_choices("imagination"), *_choices("model")]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    return frozenset(re.findall(r"\$\{model\.(\w+)", text))


def _parts_of(target: str) -> frozenset[str]:
    return module_strings(target.rpartition(".")[0], "PARTS") or frozenset({"(none)"})


def _choices(group: str) -> list[Path]:
    return sorted((config_directory() / group).glob("*.yaml"))


def _fits(value: Any, annotation: ast.expr) -> bool:
    """False only when the value certainly does not have the annotated type."""
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return _fits(value, annotation.left) or _fits(value, annotation.right)
    if isinstance(annotation, ast.Constant):
        return value is None if annotation.value is None else True
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name):
        inner = annotation.slice
        options = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if annotation.value.id == "Literal":
            return any(isinstance(o, ast.Constant) and o.value == value for o in options)
        if annotation.value.id == "Optional":
            return value is None or _fits(value, inner)
        if annotation.value.id == "Union":
            return any(_fits(value, option) for option in options)
        return annotation.value.id not in {"list", "tuple", "Sequence"} or not isinstance(
            value, str | int | float
        )
    if isinstance(annotation, ast.Name):
        match annotation.id:
            case "bool":
                return isinstance(value, bool)
            case "int":
                return isinstance(value, int) and not isinstance(value, bool)
            case "float":
                return is_number(value)
            case "str" | "Path":
                return isinstance(value, str | os.PathLike)
    return True


def _check_root_keys(config: Mapping[str, Any], verb: str, interpolated: frozenset[str]) -> None:
    reads = config_reads(f"nsca.{verb}")
    if not reads:
        return
    known = {chain[0] for chain in reads} | interpolated
    for key, value in config.items():
        if key not in known:
            raise UserError(f"unknown key '{key}'", advice(str(key), known | {"defaults", "hydra"}))
        inner = {chain[1] for chain in reads if len(chain) > 1 and chain[0] == key}
        read_whole = (key,) in reads or key in NODE_CLASSES
        if inner and not read_whole and isinstance(value, Mapping) and "_target_" not in value:
            _check_names(str(key), value, frozenset(inner))
