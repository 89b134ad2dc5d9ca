"""A step that runs out of memory is taken again in smaller parts: how it looks, what frees some."""

import gc
from collections.abc import Callable
from typing import Any

import torch

SIGNS = (
    "can't allocate memory",  # torch's allocator on a CPU
    "MPS backend out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)


class OutOfMemoryElsewhereError(RuntimeError):
    """Another of the devices that share a step ran out of memory."""

    def __init__(self) -> None:
        super().__init__("on another device")


def ran_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device, here or elsewhere, had too little memory."""
    kinds = (torch.OutOfMemoryError, OutOfMemoryElsewhereError)
    return isinstance(error, kinds) or any(sign in str(error) for sign in SIGNS)


def until_it_fits(step: Callable[[], Any], shrink: Callable[[str, bool], None]) -> Any:
    """Take a step again and again until there is memory for it, and return what it returns.

    Args:
        step: leaves nothing behind where it fails.
        shrink: makes it smaller, or raises; gets the cause in a line, and whether another device
            had it.
    """
    while True:
        try:
            return step()
        except RuntimeError as error:
            if not ran_out_of_memory(error):
                raise
            cause = str(error).partition("\n")[0]
            elsewhere = isinstance(error, OutOfMemoryElsewhereError)
        # out here, without the error, what its frames held is free
        shrink(cause, elsewhere)


def free_memory(device: torch.device) -> None:
    """Give back what nothing refers to any more."""
    gc.collect()
    if device.type != "cpu":
        torch.get_device_module(device).empty_cache()
