"""What the features hold while they are being learned: spread, rank, and probes of the labels.

The labels reach this callback and no loss. Probes are fitted on the training part and scored
on the validation part, whose objects were never trained on.
"""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int, Int64
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from nsca.data.source import ProbeLabel, Split
from nsca.knn import knn_accuracy
from nsca.models.sense_encoder import SenseEncoder
from nsca.notice import notice
from nsca.probe_rows import labelled_rows, valued_rows
from nsca.probes import FittedProbes

Features = tuple[Float[Tensor, "row feature"], Int[Tensor, " row"]]
"""And which of the rows that were asked for they are of."""
FEWEST_ROWS = 8  # of features whose spread and rank say anything


@runtime_checkable
class Showing(Protocol):
    """A data module whose rows have labels: those of pictures, of sounds or of moments."""

    def shown(self, split: Split) -> tuple[Any, dict[str, ProbeLabel]]:
        """Return what the phase takes, a row each, and the labels of the rows. Rows have a length,
        and some of them are taken by an array of their numbers.
        """
        ...


@runtime_checkable
class Probed(Protocol):
    """A phase that learns several kinds of features at once."""

    def probed(self, shown: Any) -> Mapping[str, Features]:
        """Return features of shown rows by name, without a graph, on the CPU."""
        ...


class OnlineProbes(Callback):
    """Logs `val/embedding_std`, `val/effective_rank`, `val/probe_<label>` and `val/knn_<label>`;
    where a phase learns several kinds of features, each under its name: `val/vision_probe_<label>`.

    Args:
        fit_rows: at most so many training frames or sounds fit the probes.
        score_rows: at most so many of the validation part score them.
        seed: which ones are taken, the same at every validation.
    """

    def __init__(self, fit_rows: int, score_rows: int, seed: int) -> None:
        self.fit_rows = fit_rows
        self.score_rows = score_rows
        self.seed = seed

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        data = getattr(trainer, "datamodule", None)
        if trainer.sanity_checking:
            return
        if not isinstance(data, Showing):
            raise TypeError(f"{type(pl_module).__name__} has no features to probe, or no labels")
        held_out, labels = self._take(pl_module, data, "val", self.score_rows)
        fitting, fit_labels = (
            self._take(pl_module, data, "train", self.fit_rows) if labels else ({}, {})
        )
        figures = {}
        for name, (features, rows) in held_out.items():
            found = {}
            if len(rows) >= FEWEST_ROWS:
                found["embedding_std"] = embedding_std(features)
                found["effective_rank"] = effective_rank(features)
            if fit_labels and name in fitting:
                fit_features, fit_rows = fitting[name]
                learned, judged = _of(fit_labels, fit_rows), _of(labels, rows)
                found |= _scores(fit_features.numpy(), learned, features.numpy(), judged)
                _tell_left_out(name, found, learned, judged)
            start = f"val/{name}_" if name else "val/"
            figures |= {f"{start}{figure}": value for figure, value in found.items()}
        # every rank finds the same: that they are averaged says so to Lightning
        pl_module.log_dict(figures, batch_size=1, sync_dist=True)

    def _take(
        self, phase: LightningModule, data: Showing, split: Split, most: int
    ) -> tuple[Mapping[str, Features], dict[str, ProbeLabel]]:
        """Return features and labels of some (labelled) rows of a split."""
        stored, labels = data.shown(split)
        rows = labelled_rows(labels) if labels else np.arange(0)
        if len(rows) == 0:  # a small set may hold no labelled row: its features are still watched
            rows = np.arange(len(stored))
        chosen = some_of(rows, most, self.seed)
        return _features(phase, stored[chosen]), _of(labels, torch.from_numpy(chosen))


def _features(phase: LightningModule, stored: Any) -> Mapping[str, Features]:
    """Of stored rows, by name; of one encoder alone without any."""
    if isinstance(phase, Probed):
        return phase.probed(stored)
    encoder = getattr(phase, "encoder", None)
    if not isinstance(encoder, SenseEncoder):
        raise TypeError(f"{type(phase).__name__} has no features to probe, or no labels")
    features = encoder.embed_stored(torch.from_numpy(stored))
    return {"": (features, torch.arange(len(features)))}


def _of(labels: Mapping[str, ProbeLabel], rows: Int[Tensor, " row"]) -> dict[str, ProbeLabel]:
    chosen = rows.numpy()
    return {
        name: ProbeLabel(label.values[chosen], label.kind, label.group[chosen])
        for name, label in labels.items()
    }


def _tell_left_out(
    part: str,
    figures: Mapping[str, float],
    fit_labels: Mapping[str, ProbeLabel],
    labels: Mapping[str, ProbeLabel],
) -> None:
    """Say once which labels have no probe, and how many values of them there are."""
    left_out = [
        f"{name} ({_values(fit_labels.get(name))} in train, {_values(label)} in val)"
        for name, label in labels.items()
        if f"probe_{name}" not in figures
    ]
    if left_out:
        where = f" in {part}" if part else ""
        notice(
            f"not probed{where}: {', '.join(left_out)}; a probe needs two values, of two objects, "
            "in train and one in val (of numbers two)"
        )


def _values(label: ProbeLabel | None) -> str:
    found = 0 if label is None else len(np.unique(np.asarray(label.values)[valued_rows(label)]))
    return "1 value" if found == 1 else f"{found} values"


def some_of(rows: Int64[np.ndarray, " row"], most: int, seed: int) -> Int64[np.ndarray, " chosen"]:
    """Return at most `most` of the rows, seeded and in order."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def embedding_std(features: Float[Tensor, "row feature"]) -> float:
    """Return the spread of L2-normalised features: 0 collapsed, 1 spread evenly (Chen and He 2021).

    sqrt(d) times the mean over d features of the standard deviation over frames.
    """
    normal = torch.nn.functional.normalize(features, dim=1)
    return float(normal.std(dim=0, correction=0).mean() * features.shape[1] ** 0.5)


def effective_rank(features: Float[Tensor, "row feature"]) -> float:
    """Return exp(entropy) of the normalised singular values (Roy and Vetterli 2007), centred.

    Between 1 (all on a line) and the number of features; 1 as well where all frames are equal.
    """
    values = torch.linalg.svdvals((features - features.mean(dim=0)).cpu().double())
    total = values.sum()
    if total <= 1e-12:
        return 1.0
    shares = values / total
    return float(torch.special.entr(shares).sum().exp())


def _scores(
    fit_features: np.ndarray,
    fit_labels: dict[str, ProbeLabel],
    features: np.ndarray,
    labels: dict[str, ProbeLabel],
) -> dict[str, float]:
    scores = FittedProbes(fit_features, fit_labels).score(features, labels)
    figures = {f"probe_{name}": score.value for name, score in scores.items()}
    for name, score in scores.items():
        if score.kind == "class":
            figures[f"knn_{name}"] = knn_accuracy(
                fit_features, fit_labels[name].values, features, labels[name].values
            )
    return figures
