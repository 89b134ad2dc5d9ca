"""The full phase: everything that was trained apart goes on together.

Encoders, fusion and imagination learn at once, each at a rate of its own, from stretches of moments
as they were recorded. A picture and a sound of each stretch give the views of the phases vision and
audio; the last moment seen is a moment of fusion; the stretch is a window of dynamics, whose
gradient goes through latents and state into the encoders. What is foretold, latents and senses of
later moments, is a target and is not pulled towards its forecast, which would make the world
foreseeable by making it empty.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from nsca.data.batch import DynamicsBatch, FusionBatch, StretchBatch
from nsca.data.packing import pack_training
from nsca.errors import UserError
from nsca.models.fusion import Fusion
from nsca.models.mel_decoder import MelDecoder
from nsca.models.next_senses import NextSenses
from nsca.models.projector import Projector
from nsca.models.sense_names import SENSES
from nsca.models.senses import Senses
from nsca.objectives import fused, pictures, sounds
from nsca.objectives.first_fit import fit
from nsca.objectives.imagination import Imagination
from nsca.objectives.imagined import TERMS as DYNAMICS_TERMS
from nsca.objectives.imagined import Imagined
from nsca.phases.full.data import FullData
from nsca.phases.full.probing import FeaturesOf, ShownMoments, features_of
from nsca.phases.gradient_cache import Embeddings
from nsca.phases.imagining import ImaginingPhase
from nsca.phases.optimizer import OptimizerSettings

OBJECTIVES = {
    "vision": pictures.TERMS,
    "audio": sounds.TERMS,
    "fusion": fused.TERMS,
    "dynamics": DYNAMICS_TERMS,
}
# written out, since configurations are checked without importing anything
TERMS = frozenset(
    {
        "vision_nt_xent",
        "vision_invariance",
        "vision_variance",
        "vision_covariance",
        "vision_temporal",
        "audio_nt_xent",
        "audio_variance",
        "audio_covariance",
        "audio_reconstruction",
        "fusion_prediction",
        "fusion_completion",
        "fusion_consistency",
        "fusion_variance",
        "fusion_covariance",
        "dynamics_latent",
        "dynamics_physical",
        "dynamics_calibration",
        "dynamics_contribution",
    }
)
PARTS = {
    "vision": ("senses.vision",),
    "audio": ("senses.audio",),
    "fusion": ("encoder", "senses"),
    "dynamics": ("imagination", "encoder", "senses"),
}
LEAST_ROWS = 2  # that a contrast needs
EXAMPLE_SAMPLES, EXAMPLE_FRAMES = 12_800, 81  # of the 0.8 s that babbling hears at a moment


class FullPhase(ImaginingPhase):
    """Joint training of senses, fusion and dynamics.

    Args:
        senses, encoder, imagination: thawed; see `ImaginingPhase`.
        projector, audio_projector, decoder, next_senses: as in the phases vision, audio and fusion;
            thrown away after training, so they begin anew.
        temperature: of every NT-Xent.
        loss_weights: by term, of `TERMS`: those of each phase after its name.
        optimizer: Muon, warm-up and cosine, with the rates of the modules.
        micro_batch: the most stretches with a graph at once.

    Raises:
        ValueError: a fusion of other widths than the senses have; and see `ImaginingPhase`.
        UserError: what drives, whose stretches are not told from its own place.
    """

    terms = TERMS
    parts = PARTS

    def __init__(
        self,
        *,
        senses: Senses,
        encoder: Fusion,
        imagination: Imagination,
        projector: Projector,
        audio_projector: Projector,
        decoder: MelDecoder,
        next_senses: NextSenses,
        temperature: float,
        loss_weights: Mapping[str, float],
        optimizer: OptimizerSettings,
        micro_batch: int,
    ) -> None:
        super().__init__(
            senses=senses,
            encoder=encoder,
            imagination=imagination,
            loss_weights=loss_weights,
            optimizer=optimizer,
            micro_batch=micro_batch,
        )
        widths = list(senses.widths.values())
        if encoder.widths != widths:
            raise ValueError(f"fusion takes widths {encoder.widths}, the senses give {widths}")
        if imagination.drives:
            raise UserError(
                "phase=full is for things on a table", "phase=driving_dynamics for cars"
            )
        self.projector = projector
        self.audio_projector = audio_projector
        self.decoder = decoder
        self.next_senses = next_senses
        self.temperature = temperature

    def on_fit_start(self) -> None:
        """Take the scales that no part has brought from the training part."""
        data = getattr(self.trainer, "datamodule", None)
        if not isinstance(data, FullData):
            raise TypeError(f"the full phase needs FullData, not {type(data).__name__}")
        train = data.stored("train")
        if not (self.senses.fitted and self.imagination.fitted):
            train.take(self.encoder, pack_training(train.moments, self.senses))
        if not self.imagination.fitted:
            fit(self.imagination, train)
        self.imagination.check_moments(train.moments)
        if not bool(self.next_senses.scale.fitted):
            self.next_senses.fit(torch.from_numpy(train.action).to(self.device))

    def wanted(self, objective: str, batch: StretchBatch) -> frozenset[str]:
        """Return the terms of a phase that have weight and data, without its name."""
        here = {t for t in OBJECTIVES[objective] if f"{objective}_{t}" in self.loss_weights}
        if objective == "vision" and self._seen(batch).sum() < LEAST_ROWS:
            return frozenset()
        if objective == "audio" and self._audible(batch).sum() < LEAST_ROWS:
            return frozenset()
        if objective == "fusion":
            past = self.imagination.past
            now, later = batch.there[:, past - 1], batch.there[:, past]
            everyone = torch.arange(len(batch), device=now.device)
            return fused.fused_terms(here, now, everyone, later)
        return frozenset(here)

    def active_terms(self, batch: StretchBatch) -> frozenset[str]:
        """Terms of senses that nothing was recorded of are absent."""
        wanted = {name: self.wanted(name, batch) for name in OBJECTIVES}
        return frozenset(f"{name}_{term}" for name, terms in wanted.items() for term in terms)

    def example_batch(self, samples: int) -> StretchBatch:
        window = self.imagination.example_batch(samples)
        moments, size = window.action.shape[1], self.senses.vision.image_size
        bands = self.senses.audio.front.bands
        views = torch.rand(3, samples, 3, size, size)
        sound_views = torch.rand(3, samples, bands, EXAMPLE_FRAMES)
        return StretchBatch(
            pictures=torch.zeros(samples, moments, size, size, 3, dtype=torch.uint8),
            heard=torch.zeros(samples, moments, EXAMPLE_SAMPLES, dtype=torch.int16),
            body=torch.randn(samples, moments, self.senses.widths["proprioception"]),
            there=torch.ones(samples, moments, len(SENSES), dtype=torch.bool),
            kept=torch.ones(samples, len(SENSES), dtype=torch.bool),
            physical=window.physical,
            action=window.action,
            step=0,
            first=views[0],
            second=views[1],
            neighbour=views[2],
            first_sound=sound_views[0],
            second_sound=sound_views[1],
            clean_sound=sound_views[2],
        )

    def embed(self, batch: StretchBatch) -> Embeddings:
        past = self.imagination.past
        packed = self._packed(batch, 0, past)
        latents = self._latents(packed, batch.there[:, :past])
        with torch.no_grad():
            later = self._packed(batch, past, batch.there.shape[1])
            latents_later = self._latents(later, batch.there[:, past:])
        window = self._window(batch, torch.cat([latents, latents_later], dim=1))
        moment = self._moment(batch, packed[:, -1], later[:, 0])
        terms = {t for t in fused.TERMS if f"fusion_{t}" in self.loss_weights}
        found = {
            "dynamics": self.imagination(window)._asdict(),
            "fusion": fused.embed_fused(self.encoder, self.next_senses, moment, terms),
            "target": {"later": later[:, 0], "latent": window.latent.detach()},
        }
        if batch.first is not None and batch.second is not None:
            views = [batch.first, batch.second, batch.neighbour]
            kept = [view for view in views if view is not None]
            seen = self.projector(self.senses.vision(torch.cat(kept))).chunk(len(kept))
            found["vision"] = dict(zip(("first", "second", "neighbour"), seen, strict=False))
        if batch.first_sound is not None and batch.second_sound is not None:
            features = self.senses.audio(torch.cat([batch.first_sound, batch.second_sound]))
            first, second = self.audio_projector(features).chunk(2)
            decoded, also = self.decoder(features).chunk(2)
            names = ("first", "second", "decoded", "also_decoded")
            found["audio"] = dict(zip(names, (first, second, decoded, also), strict=True))
        return {f"{k}_{name}": rows for k, part in found.items() for name, rows in part.items()}

    def losses(self, embeddings: Embeddings, batch: StretchBatch) -> dict[str, Tensor]:
        wanted = {name: self.wanted(name, batch) for name in OBJECTIVES}
        target = {name: rows.detach() for name, rows in _part(embeddings, "target").items()}
        window = self._window(batch, target["latent"])
        imagined = self.imagined(embeddings)
        found = {"dynamics": self.imagination.losses(imagined, window, wanted["dynamics"])}
        moment = self._moment(batch, target["later"], target["later"])
        found["fusion"] = fused.fused_losses(
            _part(embeddings, "fusion"), moment, self.senses, self.temperature, wanted["fusion"]
        )
        if wanted["vision"]:
            seen = self._seen(batch)
            rows = {name: each[seen] for name, each in _part(embeddings, "vision").items()}
            found["vision"] = pictures.picture_losses(rows, self.temperature, wanted["vision"])
        if wanted["audio"] and batch.clean_sound is not None:
            heard = self._audible(batch)
            rows = {name: each[heard] for name, each in _part(embeddings, "audio").items()}
            clean = self.decoder.coarse(batch.clean_sound[heard])
            found["audio"] = sounds.sound_losses(rows, clean, self.temperature, wanted["audio"])
        return {f"{k}_{name}": term for k, terms in found.items() for name, term in terms.items()}

    def imagined(self, embeddings: Embeddings) -> Imagined:
        return Imagined(**_part(embeddings, "dynamics"))

    def moment(self, batch: StretchBatch) -> FusionBatch:
        """Return the last moments seen, as fusion takes them."""
        past = self.imagination.past
        now, later = self._packed(batch, past - 1, past + 1).unbind(dim=1)
        return self._moment(batch, now, later)

    def probed(self, shown: ShownMoments) -> dict[str, FeaturesOf]:
        """Return the features that are learned, by the phase that learns them alone."""
        return features_of(shown, self.senses, self.encoder)

    def _seen(self, batch: StretchBatch) -> Tensor:
        """Stretches of whose pictures none is missing where views are made of."""
        looked = batch.there[:, : self.imagination.past + 1, SENSES.index("vision")].all(dim=1)
        return looked if batch.first is not None else torch.zeros_like(looked)

    def _audible(self, batch: StretchBatch) -> Tensor:
        """Stretches at whose end something is heard."""
        heard = batch.there[:, -1, SENSES.index("audio")]
        return heard if batch.first_sound is not None else torch.zeros_like(heard)

    def _packed(self, batch: StretchBatch, start: int, stop: int) -> Tensor:
        """[row, moment, width] of these moments."""
        rows, moments = len(batch), stop - start
        stored = [
            None if each is None else each[:, start:stop].flatten(0, 1)
            for each in (batch.pictures, batch.heard, batch.body)
        ]
        return self.senses(*stored, rows * moments).unflatten(0, (rows, moments))

    def _latents(self, packed: Tensor, there: Tensor) -> Tensor:
        """[row, moment, latent]."""
        states = self.encoder(packed.flatten(0, 1), there.flatten(0, 1))[0]
        return self.encoder.latent(states).unflatten(0, packed.shape[:2])

    def _window(self, batch: StretchBatch, latent: Tensor) -> DynamicsBatch:
        return DynamicsBatch(latent, batch.physical, batch.action, batch.step)

    def _moment(self, batch: StretchBatch, now: Tensor, later: Tensor) -> FusionBatch:
        """The last moment seen, as fusion takes it."""
        past = self.imagination.past
        return FusionBatch(
            now=now,
            there=batch.there[:, past - 1],
            kept=batch.kept,
            belongs=torch.arange(len(batch), device=batch.there.device),
            action=batch.action[:, past - 1],
            later=later,
            later_there=batch.there[:, past],
            step=batch.step,
        )


def _part(embeddings: Embeddings, name: str) -> dict[str, Tensor]:
    """Those of one phase, without its name."""
    start = f"{name}_"
    return {k.removeprefix(start): v for k, v in embeddings.items() if k.startswith(start)}
