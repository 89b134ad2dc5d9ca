"""Random acting from a free start rarely touches anything; forced interaction does."""

from nsca.worlds.tabletop.episode import run_episode
from nsca.worlds.tabletop.random_acting import touch_rate


def test_random_acting_touches_rarely_and_forced_interaction_nearly_always() -> None:
    rate = touch_rate(seed=0, interactions=60)
    assert 0 <= rate["moved"] <= rate["touched"] < 0.3
    forced = [
        interaction
        for episode in range(5)
        for interaction in run_episode(0, episode, "A", 8, render=False).interactions
    ]
    touched = sum(interaction.first_contact_frame >= 0 for interaction in forced)
    assert touched / len(forced) > 0.95
