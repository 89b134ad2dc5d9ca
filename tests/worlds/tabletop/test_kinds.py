"""The catalogue keeps its promises: counts, look-alikes, novelty, ranges."""

import numpy as np
import pytest

from nsca.worlds.tabletop.interaction import ObjectSet
from nsca.worlds.tabletop.kinds import (
    KINDS,
    MASS_LIMITS_KG,
    draw_instance,
    kinds_of,
    lookalike_pairs,
)


def test_twenty_training_kinds_and_ten_novel_ones_with_names_of_their_own() -> None:
    assert (len(kinds_of("A")), len(kinds_of("B"))) == (20, 10)
    assert len({kind.name for kind in KINDS}) == 30


@pytest.mark.parametrize("object_set", ["A", "B"])
def test_at_least_a_third_of_the_kinds_have_a_look_alike(object_set: ObjectSet) -> None:
    paired = {kind.name for pair in lookalike_pairs(object_set) for kind in pair}
    assert 3 * len(paired) >= len(kinds_of(object_set))


def test_set_b_shows_known_shapes_and_materials_in_pairs_that_set_a_never_shows() -> None:
    def seen(object_set: ObjectSet) -> set[tuple[str, str]]:
        looks = [kind.appearance for kind in kinds_of(object_set)]
        return {(look.shape, material) for look in looks for material in look.materials}

    assert not seen("A") & seen("B")
    for position in (0, 1):
        assert {pair[position] for pair in seen("B")} <= {pair[position] for pair in seen("A")}


@pytest.mark.parametrize("pair", [*lookalike_pairs("A"), *lookalike_pairs("B")])
def test_look_alikes_are_seen_alike_and_differ_inside_by_far(pair) -> None:
    first, second = (
        [draw_instance(kind, "x", np.random.default_rng(seed)) for seed in range(20)]
        for kind in pair
    )
    assert [one.visible() for one in first] == [one.visible() for one in second]
    apart = [
        name
        for name in first[0].hidden()
        if max(one.hidden()[name] for one in first) < min(one.hidden()[name] for one in second)
        or max(one.hidden()[name] for one in second) < min(one.hidden()[name] for one in first)
    ]
    assert len(apart) >= 1, "no hidden property tells these kinds apart for certain"


def test_parameters_are_continuous_and_within_limits() -> None:
    for kind in KINDS:
        drawn = [draw_instance(kind, "x", np.random.default_rng(seed)) for seed in range(30)]
        assert len({one.size_m for one in drawn}) == 30
        assert len({one.hardness for one in drawn}) == 30
        for one in drawn:
            assert MASS_LIMITS_KG[0] <= one.mass_kg <= MASS_LIMITS_KG[1]
            assert 0 <= one.hardness <= 1
            assert all(0 <= channel <= 1 for channel in one.colour)


def test_what_is_hidden_is_not_among_what_is_visible() -> None:
    one = draw_instance(KINDS[0], "x", np.random.default_rng(0))
    assert not set(one.visible()) & set(one.hidden())
