"""A device that only pretends: its tensors compute on the CPU, and refuse to meet others.

What forgets to move something ends in the error of a real GPU, on a machine without one; it has no
64 bits, as Apple's have none. Written on
torch's dispatcher (a wrapper subclass of Tensor under a dispatch mode), on the device "meta", which
has no kernels that could step in unseen.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = torch.device("meta")
MOVES = {"aten::_to_copy", "aten::copy_", "aten::_local_scalar_dense", "aten::set_"}
TAKES_CPU_INDICES = {"aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_"}


class Pretending(torch.Tensor):
    """Says that it is on `DEVICE`; `there` is what it holds, on the CPU."""

    @staticmethod
    def __new__(cls, there: torch.Tensor) -> "Pretending":
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            there.size(),
            strides=there.stride(),
            storage_offset=there.storage_offset(),
            dtype=there.dtype,
            device=DEVICE,
        )
        made.there = there
        return made

    def __deepcopy__(self, memo: Any) -> torch.Tensor:
        with torch.no_grad():
            own = Pretending(self.there.clone())
        return torch.nn.Parameter(own) if isinstance(self, torch.nn.Parameter) else own

    def tolist(self) -> Any:
        return self.there.tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _computed(func, args, kwargs or {})


class _Mode(TorchDispatchMode):
    """Sees operations that make a tensor from none, too."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _computed(func, args, kwargs or {})


def _computed(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    name = func._schema.name
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    pretending = any(isinstance(tensor, Pretending) for tensor in tensors)
    if pretending and name not in MOVES:
        _require_one_device(name, args, tensors)
    here = pretending
    if name in TAKES_CPU_INDICES or name == "aten::copy_":
        here = isinstance(args[0], Pretending)
    if kwargs.get("device") is not None:
        here = torch.device(kwargs["device"]) == DEVICE
        kwargs = {**kwargs, "device": torch.device("cpu")}
    if name == "aten::_fused_sdp_choice":
        return 0  # of attention: the plain form
    found = func(*tree_map(_held, args), **tree_map(_held, kwargs))
    if not here:
        return found
    if any(x.dtype == torch.float64 for x in tree_leaves(found) if isinstance(x, torch.Tensor)):
        raise TypeError(f"{name}: this device has no 64 bits")
    found = tree_map(lambda x: Pretending(x) if type(x) is torch.Tensor else x, found)
    return return_and_correct_aliasing(func, args, kwargs, found) if pretending else found


def _require_one_device(name: str, args: Any, tensors: list[torch.Tensor]) -> None:
    if name in TAKES_CPU_INDICES:
        if isinstance(args[0], Pretending):
            tensors = list(args[2:3])  # indices may be on the CPU
        else:
            tensors = [args[0], *(index for index in args[1] if index is not None), *args[2:3]]
    tensors = [tensor for tensor in tensors if tensor.dim()]  # numbers may be anywhere
    if len({isinstance(tensor, Pretending) for tensor in tensors}) > 1:
        raise RuntimeError(f"{name}: all tensors have to be on the same device")
    if name in TAKES_CPU_INDICES and isinstance(args[0], Pretending) and tensors:
        _require_pretending(name, tensors)


def _require_pretending(name: str, tensors: list[torch.Tensor]) -> None:
    if not all(isinstance(tensor, Pretending) for tensor in tensors):
        raise RuntimeError(f"{name}: all tensors have to be on the same device")


def _held(leaf: Any) -> Any:
    return leaf.there if isinstance(leaf, Pretending) else leaf


MAKE_TENSOR, MAKE_GENERATOR, AUTOCAST = torch.tensor, torch.Generator, torch.autocast


def _tensor(data: Any, *, device: Any = None, **how: Any) -> torch.Tensor:
    made = MAKE_TENSOR(data, **how)
    return made if device is None else made.to(device)


def _new_tensor(like: torch.Tensor, data: Any, **how: Any) -> torch.Tensor:
    """Also of a tensor within `torch.func`, which wraps what pretends."""
    return _tensor(data, **{"dtype": like.dtype, "device": like.device, **how})


class _Autocast(AUTOCAST):
    def __init__(self, device_type: str, **how: Any) -> None:
        super().__init__("cpu" if device_type == DEVICE.type else device_type, **how)


class _Module:
    """What torch keeps of a kind of device as a module of its own."""

    manual_seed = staticmethod(lambda _: None)
    empty_cache = staticmethod(lambda: None)
    synchronize = staticmethod(lambda: None)


@contextmanager
def pretend_device() -> Iterator[torch.device]:
    """Give the device; within, what is moved to it or made on it pretends."""
    with (
        patch("torch.meta", _Module, create=True),
        patch("torch.tensor", _tensor),
        patch("torch.Tensor.new_tensor", _new_tensor),
        patch("torch.Generator", lambda *_, **__: MAKE_GENERATOR()),
        patch("torch.autocast", _Autocast),
        _Mode(),
    ):
        yield DEVICE
