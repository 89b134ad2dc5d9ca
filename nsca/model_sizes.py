"""How large a model is, part by part: what conf/model/<name>.yaml lists, without what only training
needs.
"""

from collections.abc import Mapping

from omegaconf import DictConfig

from nsca.assembly import build

TRAINING_ONLY = frozenset({"projector", "audio_projector", "mel_decoder", "next_senses"})


def part_sizes(model: Mapping[str, object]) -> dict[str, int]:
    """Return the number of parameters of each part that a trained model keeps.

    Args:
        model: the node of `model=`; entries that are plain numbers are no parts.
    """
    return {
        str(name): sum(parameter.numel() for parameter in build(node).parameters())
        for name, node in model.items()
        if isinstance(node, DictConfig) and name not in TRAINING_ONLY
    }
