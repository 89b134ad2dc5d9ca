import pytest
import torch

from nsca.phases.out_of_memory import (
    OutOfMemoryElsewhereError,
    free_memory,
    ran_out_of_memory,
    until_it_fits,
)


def test_what_torch_raises_for_too_much_is_too_little_memory():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(10**15)
    assert ran_out_of_memory(raised.value)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
        OutOfMemoryElsewhereError(),
    ],
)
def test_other_devices_and_other_ranks_count(error: RuntimeError):
    assert ran_out_of_memory(error)


def test_other_errors_do_not():
    assert not ran_out_of_memory(RuntimeError("shape '[2]' is invalid for input of size 3"))


def test_a_step_is_taken_until_it_fits_and_other_errors_pass():
    causes: list[tuple[str, bool]] = []

    def step() -> str:
        if len(causes) == 2:
            return "done"
        raise (OutOfMemoryElsewhereError() if causes else torch.OutOfMemoryError("full\nof it"))

    assert until_it_fits(step, lambda *why: causes.append(why)) == "done"
    assert causes == [("full", False), ("on another device", True)]

    def wrong() -> None:
        raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        until_it_fits(wrong, lambda *why: causes.append(why))
    assert len(causes) == 2


def test_memory_of_a_processor_can_be_freed():
    free_memory(torch.device("cpu"))
