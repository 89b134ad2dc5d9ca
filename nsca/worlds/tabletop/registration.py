"""Makes the world known to gymnasium as `nsca/Tabletop-v0`; imports nothing heavy."""

import gymnasium

TABLETOP_ID = "nsca/Tabletop-v0"


def register_worlds() -> None:
    """Register once; a second call does nothing. gymnasium has no plug-ins: call this first."""
    if TABLETOP_ID not in gymnasium.registry:
        gymnasium.register(id=TABLETOP_ID, entry_point="nsca.worlds.tabletop.env:TabletopWorld")
