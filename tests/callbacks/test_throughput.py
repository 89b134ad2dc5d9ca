from pathlib import Path
from unittest.mock import Mock

import torch
from lightning.pytorch import LightningModule, Trainer

from nsca.callbacks.throughput import Throughput
from nsca.run_card import RunCard


def test_samples_are_counted_and_last_figures_kept(tmp_path: Path):
    card = RunCard(tmp_path, verb="x", seed=0, config_fingerprint="", data_fingerprint="")
    callback = Throughput(card)
    figures = {"val/loss": torch.tensor(0.5), "many": torch.ones(3)}
    module = LightningModule()
    trainer = Mock(spec=Trainer, sanity_checking=False, callback_metrics=figures)
    for _ in range(3):
        callback.on_train_batch_end(trainer, module, None, [0] * 4, 0)
    callback.on_validation_end(trainer, module)
    assert card.samples == 12
    assert card.metrics == {"val/loss": 0.5}
