"""Pictures show the samples that they are of, the right way up."""

from dataclasses import replace

import numpy as np
import torch
from phases.tiny_audio import tiny_phase as tiny_audio_phase
from phases.tiny_dynamics import tiny_phase as tiny_dynamics_phase
from phases.tiny_full import tiny_phase as tiny_full_phase
from phases.tiny_vision import tiny_phase

from nsca.callbacks.batch_pictures import GAP, grid, made, shown
from nsca.data.batch import AudioBatch, VisionBatch


def test_views_stand_below_each_other_a_sample_a_column():
    first, second = torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4)
    first[1, 0] = 1.0  # the second sample is red
    picture = shown(VisionBatch(first=first, second=second, neighbour=None, step=0), 2)["views"]
    tile = 2 * 4 + GAP
    assert picture.shape == (2 * tile, 2 * tile, 3)
    assert picture[0, 0].tolist() == [0, 0, 0]
    assert picture[0, tile].tolist() == [255, 0, 0]
    assert picture[tile, 0].tolist() == [255, 255, 255]


def test_low_frequencies_are_below_and_loud_is_bright():
    quiet = torch.full((1, 16, 5), -1.0)
    loud = quiet.clone()
    loud[:, 0] = 1.0  # the lowest band
    batch = AudioBatch(first=loud, second=quiet, clean=quiet, step=0)
    picture = shown(batch, 1)["spectrograms"].astype(int).sum(axis=2)
    tile = 2 * 16 + GAP
    first = picture[tile : 2 * tile - GAP, :10]
    assert first[-2:].min() > 600
    assert first[:-2].max() < 50


def test_only_as_many_samples_as_there_are():
    batch = tiny_phase().example_batch(2)
    size = batch.first.shape[-1]
    assert shown(batch, 8)["views"].shape[1] == 2 * (2 * size + GAP)
    assert shown(object(), 8) == {}
    assert made(object(), batch, 8) == {}


def test_what_a_phase_makes_of_a_batch_is_drawn():
    audio, dynamics = tiny_audio_phase(), tiny_dynamics_phase()
    told = made(audio, audio.example_batch(2), 2)["told"]
    assert told.shape[1] == 2 * (2 * audio.decoder.frames + GAP)
    assert made(dynamics, dynamics.example_batch(3), 2) == {}, "nothing was foretold of it yet"
    for phase in (dynamics, tiny_full_phase()):
        batch = phase.eval().example_batch(3)
        with torch.no_grad():
            phase.weighted_loss(phase.embed(batch), batch)
        imagined = made(phase, batch, 2)["imagined"]
        assert imagined.shape[2] == 3
        assert len(np.unique(imagined.reshape(-1, 3), axis=0)) > 10
        assert all(p.grad is None for p in phase.parameters())


def test_stretches_are_shown_by_their_views_of_both_senses():
    batch = tiny_full_phase().example_batch(2)
    assert shown(batch, 2).keys() == {"views", "spectrograms"}
    blind = replace(batch, first=None, second=None, neighbour=None)
    assert shown(blind, 2).keys() == {"spectrograms"}


def test_rows_of_a_grid_are_of_one_size():
    rows = [np.zeros((3, 2, 2, 3), np.uint8)] * 2
    assert grid(rows).shape == (2 * (2 + GAP), 3 * (2 + GAP), 3)
