"""Which values a setting can have at all: known from its key, before anything is built."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from nsca.errors import UserError


def is_number(value: object) -> bool:
    """True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rule(test: Callable[[float], bool], text: str) -> tuple[Callable[[Any], bool], str]:
    return (lambda value: is_number(value) and test(value)), text


def _whole(least: int) -> tuple[Callable[[Any], bool], str]:
    return _rule(lambda v: v >= least and v == int(v), f"a whole number from {least} on")


# (full key pattern, (test, what it must be)); the first pattern that matches decides
RANGES: tuple[tuple[str, tuple[Callable[[Any], bool], str]], ...] = (
    (
        r"seed|.*\.seed",
        _rule(lambda v: 0 <= v < 2**32 and v == int(v), "a whole number from 0 to 4294967295"),
    ),
    (r".*\blearning_rate", _rule(lambda v: 0 < v <= 1, "above 0 and at most 1")),
    (r".*\b(weight_decay|warmup_steps|max_broken)", _rule(lambda v: v >= 0, "0 or more")),
    (r".*\bval_fraction", _rule(lambda v: 0 < v < 1, "between 0 and 1")),
    (r".*\bfraction", _rule(lambda v: 0 < v <= 1, "above 0 and at most 1")),
    (r".*\btemperature", _rule(lambda v: v > 0, "above 0")),
    (r"hardware\.micro_batch\.\w+|effective_batch|.*\.effective_batch", _whole(1)),
    (
        r"hardware\.micro_batch",
        _rule(lambda _: False, "a number for each phase, as in hardware.micro_batch.vision=8"),
    ),
    (r"model\.vision\.image_size", _rule(lambda v: v >= 16 and v % 16 == 0, "a multiple of 16")),
    (r"phase\.imagination\.(past|ahead)|model\..*\b(n_heads|n_queries|members)", _whole(1)),
    (r"hardware\.(memory_gb|sustained_tflops)", _rule(lambda v: v > 0, "above 0")),
    (r"hardware\.cost_per_hour", _rule(lambda v: v >= 0, "0 or more")),
    (
        r"trainer\.(max_steps|max_epochs)",
        _rule(lambda v: v >= 1 or v == -1, "1 or more (-1: no limit)"),
    ),
    (r"trainer\.(log_every_n_steps|check_val_every_n_epoch)", _rule(lambda v: v >= 1, "1 or more")),
    (
        r"trainer\.(overfit_batches|gradient_clip_val)",
        _rule(lambda v: v >= 0, "0 or more"),
    ),
    (r"trainer\.(val_check_interval|limit_train_batches)", _rule(lambda v: v > 0, "above 0")),
    (r"trainer\.num_sanity_val_steps", _rule(lambda v: v >= -1, "0 or more (-1: all)")),
    (r"checkpoint\.(every_steps|keep_last)", _rule(lambda v: v >= 1, "1 or more")),
    (r"checkpoint\.keep_best", _rule(lambda v: v >= 0, "0 or more")),
    (r"early_stopping\.patience", _rule(lambda v: v >= 1, "1 or more (null: none)")),
    (r"early_stopping\.min_change", _rule(lambda v: v >= 0, "0 or more")),
    (r"ema\.decay", _rule(lambda v: 0 < v < 1, "between 0 and 1 (null: none)")),
    (r"hardware\.(devices|nodes)", _rule(lambda v: v >= 1, "1 or more")),
    (r"workers", _whole(0)),
    (r"steps_at_once|interactions_per_episode", _whole(1)),
    (r".*\b(interactions|image_size|stride)", _whole(1)),
    (r"gravity", _rule(lambda _: True, "a number")),  # from where to where: the world says
    (
        r".*\b(neighbour_reach|validation_batches|fit_rows|score_rows|(fit|test)_(frames|sounds))",
        _rule(lambda v: v >= 1, "1 or more"),
    ),
    (r".*\bloss_weights\.\w+", _rule(lambda v: v >= 0, "0 or more")),
)


NEVER_NULL = (
    r"hardware\.(micro_batch(\.\w+)?|memory_gb|sustained_tflops|cost_per_hour|devices|nodes)"
)


def _all(values: Any, test: Callable[[Any], bool]) -> bool:
    return isinstance(values, list | tuple) and all(map(test, values))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


PRECISIONS = ("32-true", "16-mixed", "bf16-mixed")
# of all verbs that have them, judged as a whole: texts, lists, switches
NODES: tuple[tuple[str, tuple[Callable[[Any], bool], str]], ...] = (
    ("seeds", (lambda v: _all(v, lambda seed: isinstance(seed, int)), "a list of whole numbers")),
    ("run", (lambda v: _is_text(v) or _all(v, _is_text), "a run directory (./5 for one called 5)")),
    (r"outputs|experiments|path|resume|name|parts\.\w+", (_is_text, "text (./5 for a folder 5)")),
    (r"hardware\.precision", (PRECISIONS.__contains__, " or ".join(PRECISIONS))),
    # any other word would count as on
    (r"dry_run|force|pictures|quick|seeds_at_once", (_is_switch, "true or false")),
)


def check_values(path: str, node: Any) -> None:
    """Refuses every value below `path` that cannot work, whatever builds it.

    Raises:
        UserError: naming the key, its value and what it must be.
    """
    if isinstance(node, Mapping):
        for key, value in node.items():
            check_values(f"{path}.{key}" if path else str(key), value)
        return
    whole = next((rule for pattern, rule in NODES if re.fullmatch(pattern, path)), None)
    if whole is not None:
        if node is not None:
            _require(path, node, *whole)
        return
    rule = next((rule for pattern, rule in RANGES if re.fullmatch(pattern, path)), None)
    if isinstance(node, list | tuple):
        if rule is not None:
            _require(path, node, *rule)
        for index, value in enumerate(node):
            check_values(f"{path}[{index}]", value)
        return
    if isinstance(node, float) and not math.isfinite(node):
        raise UserError(f"{path}={node} is not a finite number", "give a finite number")
    if rule is None or isinstance(node, bool):
        return
    if node is None and not re.fullmatch(NEVER_NULL, path):
        return
    # deeper, texts are annotations
    if node is None or is_number(node) or (isinstance(node, str) and "." not in path):
        _require(path, node, *rule)


def _require(path: str, node: object, test: Callable[[Any], bool], text: str) -> None:
    if not test(node):
        raise UserError(f"{path}={node} is impossible: it must be {text}", f"set {path} to {text}")
