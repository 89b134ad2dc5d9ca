"""What decides the bytes of a babbling data set: a seed, sizes and shares, cut into shards.

A shard is a fixed range of episodes, so that it is the same whoever makes it and whenever.
"""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from nsca.errors import UserError
from nsca.worlds.tabletop.interaction import MAX_OBJECTS, ObjectSet

EPISODES_PER_SHARD = 10
MOST_GRAVITY = 3  # the hand is not strong enough to lift heavy things under more
EPISODE_RANGE = 10_000_000  # numbers reserved for each split, so that splits share no episode
SPLITS: dict[str, ObjectSet] = {"train": "A", "val": "A", "test": "B"}  # split: object set


@dataclass(frozen=True)
class Shard:
    """A range of episodes of one split."""

    split: str
    number: int
    first_episode: int
    episodes: int

    @property
    def name(self) -> str:
        """File name without its ending."""
        return f"{self.split}-{self.number:05d}"


@dataclass(frozen=True)
class GenerationPlan:
    """What decides the bytes of a set. Two sets with equal plans are equal.

    Args:
        seed: every random number follows from it.
        interactions: in all splits together; rounded up to whole episodes in each.
        interactions_per_episode: 1 to 10.
        fractions: shares of train (set A), val (set A, other instances) and test (set B); sum 1.
        render: False leaves the pictures out.
        objects_per_episode: 1 to 3; None leaves it to chance.
        gravity: a factor on Earth's, 0 to 3.

    Raises:
        UserError: a value outside its range.
    """

    seed: int
    interactions: int
    interactions_per_episode: int
    fractions: dict[str, float]
    render: bool
    objects_per_episode: int | None = None
    gravity: float = 1.0

    def __post_init__(self) -> None:
        if self.interactions < 1:
            raise UserError(f"interactions={self.interactions}", "ask for at least 1")
        if not 1 <= self.interactions_per_episode <= 10:
            raise UserError(
                f"interactions_per_episode={self.interactions_per_episode}", "choose 1 to 10"
            )
        if self.objects_per_episode not in (None, *range(1, MAX_OBJECTS + 1)):
            raise UserError(
                f"objects_per_episode={self.objects_per_episode}",
                f"choose 1 to {MAX_OBJECTS}, or null for any of these by chance",
            )
        if not 0 <= self.gravity <= MOST_GRAVITY:
            raise UserError(
                f"gravity={self.gravity:g}", f"choose a factor on Earth's from 0 to {MOST_GRAVITY}"
            )
        shares = list(self.fractions.values())
        wrong = set(self.fractions) != set(SPLITS) or min(shares) < 0
        if wrong or not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
            raise UserError(
                f"fractions {self.fractions} do not share out the set",
                "give train, val and test shares that are not negative and add up to 1",
            )

    def shards(self) -> list[Shard]:
        """Every shard, in the order in which they are made: all splits from the start."""
        shards = []
        for index, split in enumerate(SPLITS):
            wanted = self.interactions * self.fractions[split]
            episodes = math.ceil(round(wanted / self.interactions_per_episode, 6))
            for number, start in enumerate(range(0, episodes, EPISODES_PER_SHARD)):
                count = min(EPISODES_PER_SHARD, episodes - start)
                shards.append(Shard(split, number, index * EPISODE_RANGE + start, count))
        return sorted(shards, key=lambda shard: (shard.number, list(SPLITS).index(shard.split)))

    def configuration(self) -> dict[str, Any]:
        """What must agree for a set to be continued."""
        return {**asdict(self), "episodes_per_shard": EPISODES_PER_SHARD}

    def fingerprint(self) -> str:
        """The sha256 of the configuration."""
        return hashlib.sha256(json.dumps(self.configuration(), sort_keys=True).encode()).hexdigest()
