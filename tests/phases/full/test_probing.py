"""What online probes see of the full phase."""

import numpy as np
import torch
from phases.tiny_full import tiny_data, tiny_phase
from phases.tiny_vision import tiny_trainer


def test_moments_are_shown_with_their_labels_some_at_a_time():
    data = tiny_data()
    data.setup("fit")
    shown, labels = data.shown("val")
    assert len(shown) == len(labels["row"].values)
    some = shown[np.array([3, 8])][np.array([1])]
    assert (len(some), some.numbers.tolist()) == (1, [8])
    assert some.moments is data.stored("val").moments


def test_features_for_probes_are_those_of_its_parts_where_senses_are_there():
    phase, data = tiny_phase(), tiny_data()
    tiny_trainer(1).fit(phase, datamodule=data)
    phase.eval()
    shown, _ = data.shown("val")
    some = shown[np.arange(2, 10)]
    found = phase.probed(some)
    assert found.keys() == {"vision", "audio", "fusion"}
    heard, rows = found["audio"]
    assert rows.tolist() == [0, 2, 3, 4, 6, 7], "every fourth moment is silent"
    stored = torch.from_numpy(some.moments.stored["audio"].rows(some.numbers[rows.numpy()]))
    torch.testing.assert_close(heard, phase.senses.audio.embed_stored(stored))
    some_rows = data.stored("val")
    some_rows.ask(phase.senses, phase.encoder)
    with torch.no_grad():
        latent = phase.encoder.latent(found["fusion"][0])
    torch.testing.assert_close(latent, some_rows.latents()[2:10])
