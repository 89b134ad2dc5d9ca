"""The plan: what it covers, how it rounds, and what it refuses."""

import json
from dataclasses import replace

import pytest

from nsca.data.generation_plan import EPISODES_PER_SHARD, SPLITS, GenerationPlan
from nsca.errors import UserError


def episodes_of(plan: GenerationPlan) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {split: [] for split in SPLITS}
    for shard in plan.shards():
        found[shard.split] += range(shard.first_episode, shard.first_episode + shard.episodes)
    return found


def test_shards_cover_every_episode_once(plan: GenerationPlan) -> None:
    shards = replace(plan, interactions=700).shards()
    numbers = [s.first_episode + i for s in shards for i in range(s.episodes)]
    assert len(numbers) == len(set(numbers)) == 182 + 70 + 98
    assert max(s.episodes for s in shards) == EPISODES_PER_SHARD
    assert {s.split for s in shards[:3]} == {"train", "val", "test"}
    names = [shard.name for shard in shards]
    assert len(names) == len(set(names))
    assert names[0] == "train-00000"


def test_splits_share_no_episode_however_many_there_are(plan: GenerationPlan) -> None:
    large = replace(plan, interactions=200_000, interactions_per_episode=1)
    reach = {}
    for shard in large.shards():
        first, last = shard.first_episode, shard.first_episode + shard.episodes
        low, high = reach.get(shard.split, (first, last))
        reach[shard.split] = (min(low, first), max(high, last))
    assert reach["train"][1] <= reach["val"][0]
    assert reach["val"][1] <= reach["test"][0]
    assert [high - low for low, high in reach.values()] == [104_000, 40_000, 56_000]


@pytest.mark.parametrize(
    ("interactions", "per_episode", "shares", "episodes"),
    [
        (50, 2, (0.52, 0.2, 0.28), (13, 5, 7)),  # exact, though 50 * 0.28 is not in binary
        (7, 2, (0.5, 0.25, 0.25), (2, 1, 1)),  # 1.75, 0.875 and 0.875, rounded up
        (1, 10, (0.8, 0.1, 0.1), (1, 1, 1)),  # every split with a share has an episode
        (100, 10, (1.0, 0.0, 0.0), (10, 0, 0)),  # and one without a share has none
        (30, 1, (1 / 3, 1 / 3, 1 / 3), (10, 10, 10)),
    ],
)
def test_shares_are_rounded_up_to_whole_episodes(
    plan: GenerationPlan,
    interactions: int,
    per_episode: int,
    shares: tuple[float, ...],
    episodes: tuple[int, ...],
) -> None:
    changed = replace(
        plan,
        interactions=interactions,
        interactions_per_episode=per_episode,
        fractions=dict(zip(SPLITS, shares, strict=True)),
    )
    assert tuple(len(numbers) for numbers in episodes_of(changed).values()) == episodes


def test_a_larger_plan_begins_with_the_episodes_of_the_smaller(plan: GenerationPlan) -> None:
    small, large = episodes_of(plan), episodes_of(replace(plan, interactions=500))
    for split, numbers in small.items():
        assert sorted(large[split])[: len(numbers)] == sorted(numbers)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"interactions": 0}, "interactions=0"),
        ({"interactions_per_episode": 0}, "interactions_per_episode"),
        ({"interactions_per_episode": 11}, "interactions_per_episode"),
        ({"objects_per_episode": 0}, "objects_per_episode"),
        ({"objects_per_episode": 4}, "objects_per_episode"),
        ({"gravity": -1.0}, "gravity=-1"),
        ({"gravity": 3.5}, "gravity=3.5"),
        ({"fractions": {"train": 0.5, "val": 0.1, "test": 0.1}}, "fractions"),
        ({"fractions": {"train": 0.9, "val": 0.1, "test": 0.1}}, "fractions"),
        ({"fractions": {"train": 1.2, "val": -0.4, "test": 0.2}}, "fractions"),
        ({"fractions": {"train": 0.5, "val": 0.5}}, "fractions"),
        ({"fractions": {"train": 0.8, "valid": 0.1, "test": 0.1}}, "fractions"),
        ({"fractions": {"train": float("nan"), "val": 0.1, "test": 0.1}}, "fractions"),
    ],
)
def test_impossible_plans_are_refused(plan: GenerationPlan, changes: dict, word: str) -> None:
    with pytest.raises(UserError, match=word) as failure:
        replace(plan, **changes)
    assert failure.value.remedy


def test_a_configuration_survives_the_manifest(plan: GenerationPlan) -> None:
    configuration = plan.configuration()
    assert json.loads(json.dumps(configuration)) == configuration
    assert configuration["episodes_per_shard"] == EPISODES_PER_SHARD


def test_equal_plans_have_equal_fingerprints_and_others_do_not(plan: GenerationPlan) -> None:
    turned = dict(reversed(plan.fractions.items()))
    assert replace(plan, fractions=turned).fingerprint() == plan.fingerprint()
    others = [
        replace(plan, seed=4),
        replace(plan, interactions=52),
        replace(plan, interactions_per_episode=1),
        replace(plan, objects_per_episode=2),
        replace(plan, render=False),
        replace(plan, fractions={"train": 0.5, "val": 0.2, "test": 0.3}),
    ]
    assert len({each.fingerprint() for each in [plan, *others]}) == 7
