from phases import tiny_audio, tiny_vision
from torch import nn

from nsca.models.sense_encoder import SenseEncoder


def test_both_senses_have_one_and_other_modules_have_not():
    assert isinstance(tiny_vision.tiny_encoder(), SenseEncoder)
    assert isinstance(tiny_audio.tiny_encoder(), SenseEncoder)
    assert not isinstance(nn.Linear(2, 2), SenseEncoder)
