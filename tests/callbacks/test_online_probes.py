import numpy as np
import pytest
import torch
from phases.tiny_dynamics import tiny_data as windows
from phases.tiny_dynamics import tiny_phase as tiny_dynamics_phase
from phases.tiny_full import Witnessed
from phases.tiny_full import tiny_data as stretches
from phases.tiny_full import tiny_phase as tiny_full_phase
from phases.tiny_vision import MovingShapes, tiny_data, tiny_phase, tiny_trainer

from nsca.callbacks.online_probes import (
    OnlineProbes,
    effective_rank,
    embedding_std,
    some_of,
)
from nsca.data.source import ProbeLabel


def test_embedding_std_of_known_clouds():
    generator = torch.Generator().manual_seed(0)
    assert embedding_std(torch.randn(4000, 32, generator=generator)) == pytest.approx(1, abs=0.02)
    assert embedding_std(torch.ones(10, 8)) == pytest.approx(0, abs=1e-6)
    line = torch.randn(4000, 1, generator=generator) * torch.ones(1, 16)
    assert embedding_std(line) == pytest.approx(1, abs=0.01)  # two opposite points: spread, rank 1


def test_effective_rank_of_known_clouds():
    generator = torch.Generator().manual_seed(0)
    cloud = torch.randn(4000, 10, generator=generator)
    assert effective_rank(cloud) == pytest.approx(10, abs=0.1)
    assert effective_rank(cloud[:, :3] @ torch.eye(3, 10)) == pytest.approx(3, abs=0.05)
    assert effective_rank(cloud[:, :1] * torch.ones(1, 10)) == pytest.approx(1, abs=0.01)
    assert effective_rank(torch.ones(5, 10)) == 1.0
    # singular values 3 : 1, entropy by hand
    two = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    expected = np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))
    assert effective_rank(two) == pytest.approx(expected, rel=1e-5)


def test_the_choice_of_frames_is_seeded_sorted_and_bounded():
    chosen = some_of(np.arange(100), 10, seed=1)
    assert len(np.unique(chosen)) == 10
    assert np.array_equal(chosen, np.sort(chosen))
    assert np.array_equal(chosen, some_of(np.arange(100), 10, seed=1))
    assert not np.array_equal(chosen, some_of(np.arange(100), 10, seed=2))
    assert some_of(np.arange(5), 10, seed=1).tolist() == [0, 1, 2, 3, 4]


def trained(source: MovingShapes) -> dict[str, float]:
    probes = OnlineProbes(fit_rows=96, score_rows=64, seed=0)
    trainer = tiny_trainer(2, callbacks=[probes])
    trainer.fit(tiny_phase(), datamodule=tiny_data(source=source))
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


def test_the_figures_are_logged_under_their_names():
    figures = trained(MovingShapes())
    assert 0 <= figures["val/probe_shape"] <= 1
    assert 0 <= figures["val/knn_shape"] <= 1
    assert 0 < figures["val/embedding_std"] <= 1
    assert 1 <= figures["val/effective_rank"] <= 32


def test_a_source_without_labels_still_gives_spread_and_rank():
    class Unlabelled(MovingShapes):
        def probe_labels(self, split):
            return {}

    figures = trained(Unlabelled())
    assert "val/effective_rank" in figures
    assert not any(name.startswith(("val/probe", "val/knn")) for name in figures)


def test_a_label_that_cannot_be_probed_is_named_once(capsys):
    class OneClass(MovingShapes):
        def probe_labels(self, split):
            labels = super().probe_labels(split)
            shape = labels["shape"]
            if split == "train":
                values = np.zeros(len(shape.values), np.int64)
                labels["shape"] = ProbeLabel(values, "class", shape.group)
            nothing = np.full(len(shape.values), np.nan)
            return labels | {"weight": ProbeLabel(nothing, "scalar", shape.group)}

    trained(MovingShapes())
    assert "not probed" not in capsys.readouterr().err
    figures = trained(OneClass())
    assert not any(name.endswith(("shape", "weight")) for name in figures)
    told = [line for line in capsys.readouterr().err.splitlines() if "not probed" in line]
    (line,) = told
    assert "shape (1 value in train, " in line
    assert "weight (0 values in train, 0 values in val)" in line


def trained_together(**source) -> dict[str, float]:
    probes = OnlineProbes(fit_rows=360, score_rows=360, seed=0)
    trainer = tiny_trainer(1, callbacks=[probes])
    trainer.fit(tiny_full_phase(), datamodule=stretches(source=Witnessed(**source)))
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


def test_what_learns_several_features_at_once_has_the_figures_of_each():
    found = trained_together()
    for name in ("vision", "audio", "fusion"):
        assert 0 < found[f"val/{name}_embedding_std"] <= 1
        assert 1 <= found[f"val/{name}_effective_rank"] <= 32
        assert -1 <= found[f"val/{name}_probe_row"] <= 1
    # of moments that are not silent, the tone tells how fast the thing is, and nothing else
    assert found["val/audio_probe_speed"] > 0.8
    assert found["val/audio_probe_row"] < 0.3
    assert found["val/fusion_probe_row"] > 0.6, "the body tells it"


def test_features_of_what_nobody_recorded_have_no_figures():
    found = trained_together(lacking=("audio",))
    assert not any(name.startswith("val/audio_") for name in found)
    assert found["val/vision_effective_rank"] > 1


def test_a_phase_without_features_of_its_own_is_refused():
    trainer = tiny_trainer(1, callbacks=[OnlineProbes(fit_rows=96, score_rows=64, seed=0)])
    with pytest.raises(TypeError, match="DynamicsPhase has no features to probe"):
        trainer.fit(tiny_dynamics_phase(), datamodule=windows())


def test_too_few_rows_say_nothing_of_spread_and_rank():
    probes = OnlineProbes(fit_rows=96, score_rows=7, seed=0)
    trainer = tiny_trainer(1, callbacks=[probes])
    trainer.fit(tiny_phase(), datamodule=tiny_data())
    assert "val/probe_shape" in trainer.callback_metrics
    assert "val/effective_rank" not in trainer.callback_metrics


def test_looking_changes_nothing():
    def weights(callbacks) -> torch.Tensor:
        phase = tiny_phase()
        trainer = tiny_trainer(3, val_check_interval=1, callbacks=callbacks)
        trainer.fit(phase, datamodule=tiny_data())
        return torch.cat([p.detach().flatten() for p in phase.parameters()])

    probes = OnlineProbes(fit_rows=96, score_rows=64, seed=0)
    assert torch.equal(weights([]), weights([probes]))
