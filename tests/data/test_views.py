import torch
from phases.tiny_audio import BANDS, DyingTones
from phases.tiny_vision import MovingShapes

from nsca.data.augmentation import AugmentationSettings
from nsca.data.batch import FrameBatch, SoundBatch
from nsca.data.sound_augmentation import SoundAugmentation
from nsca.data.views import make_sound_views, make_views
from nsca.models.log_mel import LogMel


def pictures(count: int) -> FrameBatch:
    images = torch.from_numpy(MovingShapes().frames("train").images[: count + 1])
    frames = images.permute(0, 3, 1, 2)
    return FrameBatch(frames=frames[:-1], neighbour=frames[1:], step=0)


def test_views_of_pictures_are_a_pure_function_of_seed_and_step():
    batch = pictures(32)
    settings = AugmentationSettings()
    views = make_views(batch, settings, seed=1)
    again = make_views(batch, settings, seed=1)
    assert torch.equal(views.first, again.first)
    assert torch.equal(views.neighbour, again.neighbour)
    assert not torch.allclose(views.first, views.second, atol=0.01)
    assert not torch.allclose(views.first, make_views(batch, settings, seed=2).first, atol=0.01)
    later = FrameBatch(frames=batch.frames, neighbour=None, step=1)
    assert not torch.allclose(views.first, make_views(later, settings, 1).first, atol=0.01)
    assert make_views(later, settings, 1).neighbour is None


def test_views_of_sounds_are_a_pure_function_of_seed_and_step():
    stored = torch.from_numpy(DyingTones(8).sounds("train").samples)
    front, settings = LogMel(BANDS), SoundAugmentation()
    mel = front.mel_of_stored(stored)
    views = make_sound_views(SoundBatch(mel, 0), front, settings, seed=1)
    again = make_sound_views(SoundBatch(mel, 0), front, settings, seed=1)
    assert torch.equal(views.first, again.first)
    assert not torch.allclose(views.first, views.second, atol=0.01)
    assert torch.equal(views.clean, front(stored.float() / 32768))
    for seed, step in ((2, 0), (1, 1)):
        other = make_sound_views(SoundBatch(mel, step), front, settings, seed)
        assert not torch.allclose(views.first, other.first, atol=0.01)
