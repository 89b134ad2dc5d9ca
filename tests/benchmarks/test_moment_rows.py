import numpy as np
import torch
from phases.tiny_fusion import Glowing, tiny_fusion, tiny_phase

from nsca.benchmarks.moment_rows import (
    columns_in,
    features_of,
    parts_in,
    rows_of,
    with_lost_senses,
)
from nsca.models.sense_names import SENSES


def rows():
    """The first clip, whose last moment is silent, with where its parts are."""
    torch.manual_seed(0)
    senses, moments = tiny_phase().senses, Glowing().moments("train")
    columns, parts = columns_in(moments, senses), parts_in(senses.widths, np.ones(3, bool))
    return rows_of(moments, senses, np.arange(4)), columns, parts


def test_a_missing_sense_is_masked_and_its_columns_hold_nothing():
    found, columns, parts = rows()
    assert found.shape == (4, 68 + 3 + 1)
    assert found[:, columns.mask][:, 1].tolist() == [1, 1, 1, 0]
    assert not found[3, parts["audio"]].any()
    assert found[0, parts["audio"]].any()
    assert columns.physical.start == columns.physical.stop


def test_losing_a_sense_takes_its_columns_and_its_mask_and_nothing_else():
    found, columns, parts = rows()
    ways = {way.name: way for way in with_lost_senses(columns, parts)}
    assert len(ways) == 6
    lost = ways["without_vision"].change(found)
    assert not lost[:, parts["vision"]].any()
    assert not lost[:, columns.mask][:, 0].any()
    assert np.array_equal(lost[:, parts["proprioception"]], found[:, parts["proprioception"]])
    alone = ways["audio_alone"].change(found)
    assert alone[:, columns.mask].tolist() == [[0, 1, 0]] * 3 + [[0, 0, 0]]
    two = {name: parts[name] for name in SENSES[:2]}
    assert [way.name for way in with_lost_senses(columns, two)] == [
        "without_vision",
        "without_audio",
    ]


def test_every_kind_of_features_has_what_is_done_beside_it():
    found, columns, parts = rows()
    widths = {
        name: encode(found).shape[1]
        for name, encode in features_of({"trained": tiny_fusion()}, columns, parts).items()
    }
    assert widths == {
        "trained": 25,
        "concatenated": 69,
        "vision": 33,
        "audio": 33,
        "proprioception": 5,
    }
