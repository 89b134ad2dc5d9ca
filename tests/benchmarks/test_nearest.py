"""Nearest pictures: other objects only, each once, and matches counted against chance."""

import numpy as np
import pytest
from squares import Squares, knows

from nsca.benchmarks.nearest import Nearest, nearest_rows
from nsca.benchmarks.scores import Encoder
from nsca.data.source import Frames, ProbeLabel
from nsca.errors import UserError


def nearest(encode: Encoder, source: Squares, queries: int) -> Nearest:
    frames, labels = source.frames("test"), source.probe_labels("test")
    return nearest_rows(encode, frames.images, labels, frames.clip, queries)


def test_features_that_know_the_class_find_it():
    found = nearest(knows, Squares(("channel",)), 6)
    assert found.label == "channel"
    assert found.queries.shape == (6, 16, 16, 3)
    assert found.neighbours.shape == (6, 5, 16, 16, 3)
    assert found.share > 0.95
    assert 0.25 < found.chance < 0.5
    assert {int(q.max((0, 1)).argmax()) for q in found.queries} == {0, 1, 2}, "spread over classes"


class Marked(Squares):
    """Each frame carries its object's number as grey value."""

    def frames(self, split: str) -> Frames:
        group = np.repeat(np.arange(8), 5)
        images = np.repeat(group, 16 * 16 * 3).reshape(-1, 16, 16, 3).astype(np.uint8) * 20
        return Frames(images=images, clip=group)

    def probe_labels(self, split: str) -> dict[str, ProbeLabel]:
        group = np.repeat(np.arange(8), 5)
        return {"kind": ProbeLabel(group % 2, "class", group)}


def test_an_object_is_never_its_own_neighbour_and_others_come_once():
    def values(images: np.ndarray) -> np.ndarray:
        number = images[:, 0, 0, :1].astype(np.float32)
        return np.concatenate([number, 100 - number, np.ones_like(number)], axis=1)

    found = nearest(values, Marked(), 8)
    for query, neighbours in zip(found.queries, found.neighbours, strict=True):
        numbers = neighbours[:, 0, 0, 0].tolist()
        assert int(query[0, 0, 0]) not in numbers
        assert len(set(numbers)) == len(numbers)


def test_one_object_is_not_enough():
    class Lonely(Marked):
        def frames(self, split: str) -> Frames:
            return Frames(images=np.zeros((4, 16, 16, 3), np.uint8), clip=np.zeros(4, np.int64))

        def probe_labels(self, split: str) -> dict[str, ProbeLabel]:
            return {}

    with pytest.raises(UserError, match="one object"):
        nearest(knows, Lonely(), 2)
