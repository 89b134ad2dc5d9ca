"""gymnasium knows the world by name."""

import gymnasium

from nsca.worlds.tabletop.registration import TABLETOP_ID, register_worlds


def test_registered_once_and_made_by_name() -> None:
    register_worlds()
    register_worlds()
    with gymnasium.make(TABLETOP_ID, state_only=True) as world:
        assert world.spec is not None
        assert world.spec.id == "nsca/Tabletop-v0"
