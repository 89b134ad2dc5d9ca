"""What a debug preset asks for beyond Trainer arguments (conf/debug/)."""

from dataclasses import dataclass

FINDER_STEPS = 100
"""Learning rates that `find_lr` tries, one a step."""


@dataclass(frozen=True)
class DebugPreset:
    """Choices that the Trainer has no argument for.

    Args:
        name: of the preset, part of the run card.
        find_lr: try 100 learning rates, print the suggestion and draw the curve, train nothing.
        profile: time the steps, trace the last ones, and write into profile/ of the run directory
            where the time goes and what to change.
    """

    name: str = "off"
    find_lr: bool = False
    profile: bool = False
