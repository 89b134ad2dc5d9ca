import torch

from nsca.data.batch import FrameBatch, VisionBatch


def a_batch(neighbour: bool) -> VisionBatch:
    first = torch.arange(5.0).view(5, 1, 1, 1).expand(5, 3, 2, 2)
    return VisionBatch(
        first=first, second=first + 10, neighbour=first + 20 if neighbour else None, step=7
    )


def test_a_slice_cuts_every_tensor_and_keeps_the_rest():
    part = a_batch(neighbour=True).slice(1, 3)
    assert isinstance(part, VisionBatch)
    assert len(part) == 2
    assert part.step == 7
    assert part.first[:, 0, 0, 0].tolist() == [1, 2]
    assert part.second[:, 0, 0, 0].tolist() == [11, 12]
    assert part.neighbour[:, 0, 0, 0].tolist() == [21, 22]


def test_an_absent_tensor_stays_absent():
    batch = a_batch(neighbour=False)
    assert len(batch) == 5
    assert batch.slice(0, 2).neighbour is None
    assert batch.to(torch.device("cpu")).neighbour is None


def test_moving_reaches_every_tensor():
    frames = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    moved = FrameBatch(frames=frames, neighbour=frames, step=0).to(torch.device("meta"))
    assert moved.frames.device.type == moved.neighbour.device.type == "meta"
