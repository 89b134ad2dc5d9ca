import numpy as np
import torch
from phases.tiny_fusion import Glowing, tiny_fusion, tiny_phase

from nsca.benchmarks.moment_rows import (
    columns_in,
    dropping,
    features_of,
    left_in,
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
        "concatenated": 72,
        "vision": 33,
        "audio": 33,
        "proprioception": 5,
    }


def test_senses_side_by_side_say_which_of_them_are_there():
    found, columns, parts = rows()
    found[0, parts["audio"]] = 0.0  # as the mean sounds
    encode = features_of({}, columns, parts)["concatenated"]
    (lost,) = [way for way in with_lost_senses(columns, parts) if way.name == "without_audio"]
    there, gone = encode(found[:1]), encode(lost.change(found[:1]))
    assert np.flatnonzero(there != gone).tolist() == [columns.mask.start + 1]


def test_a_sense_that_is_dropped_is_not_listened_to_and_stays_in_the_row():
    found, columns, parts = rows()
    many = np.repeat(found[:1], 4000, axis=0)
    dropped = dropping(columns, 0.3, 0)(many)
    assert np.array_equal(dropped[:, columns.packed], many[:, columns.packed])
    gone = dropped[:, columns.mask] == 0
    assert gone.any(axis=1).mean() < 1
    assert not gone.all(axis=1).any(), "never the last one"
    # 0.3, but for the last ones of a row: all three would be gone in 0.027, and one of them stays
    assert np.allclose(gone.mean(axis=0), 0.3 - 0.027 / 3, atol=0.03)
    encode = features_of({"trained": tiny_fusion()}, columns, parts)
    for name in ("trained", "concatenated"):
        unheard = dropped.copy()
        for place, sense in enumerate(SENSES):
            unheard[gone[:, place], parts[sense]] = 0.0
        assert np.allclose(encode[name](dropped), encode[name](unheard), atol=1e-6)
    assert np.array_equal(encode["audio"](dropped), encode["audio"](many)), "a probe of its own"


def test_which_senses_are_left_follows_from_the_name_of_the_way():
    assert left_in("without_audio", SENSES) == ["vision", "proprioception"]
    assert left_in("audio_alone", SENSES) == ["audio"]
    assert left_in("clean", SENSES) == list(SENSES)
