"""How running out of memory looks, and what frees some."""

import gc

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


def free_memory(device: torch.device) -> None:
    """Give back what nothing refers to any more."""
    gc.collect()
    if device.type != "cpu":
        torch.get_device_module(device).empty_cache()
