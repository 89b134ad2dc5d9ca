"""What will be, given what is done: a latent and a physical state, imagined step by step.

A transformer reads the last moments; from there an ensemble imagines, each member on from what it
imagined itself. The thing's motion is a physics prior and what is learned; everything else is
learned. With `linear`, a linear map is fitted in closed form first: prior and map foretell the
whole way from the last moment seen (`FirstForecast`), and networks correct it, in units of what is
left to them. Without, prior and correction are blended step by step (`BlendedMotion`). Errors are
divided by what repeating the last state gets wrong on the training part at that horizon.
"""

from collections.abc import Collection

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nsca.data.batch import DynamicsBatch
from nsca.data.moments import THING, Moments
from nsca.errors import UserError
from nsca.models.dynamics_ensemble import DynamicsEnsemble
from nsca.models.prototypes import Prototypes
from nsca.models.standardise import Standardise
from nsca.models.temporal import Temporal
from nsca.objectives.bodies import felt, felt_numbers
from nsca.objectives.driving import FELT, felt_driving
from nsca.objectives.first_forecast import FirstForecast, beyond_going_on
from nsca.objectives.imagined import Imagined, imagined_losses
from nsca.objectives.linear_future import LinearFuture
from nsca.objectives.prior_path import moved, rest_height_m
from nsca.priors.blended_motion import BlendedMotion
from nsca.priors.none import NoPrior
from nsca.priors.prior import Prior
from nsca.priors.weight import PriorWeight


class Imagination(nn.Module):
    """Temporal model, ensemble and prior, with the scales of what they take and give.

    Args:
        temporal: reads the past.
        dynamics: the ensemble.
        prior: what is known of motion beforehand.
        weight: of the prior, 0 to 1; a learnable one has a learning rate of its own.
        dt_s: between moments.
        substeps: integration steps of the prior per `dt_s`.
        past, ahead: moments seen, and moments imagined.
        drives: whether the thing drives (nsca.objectives.driving), as `Moments.heading` says.
        prototypes: what is known of pasts like this one; None for nothing.
        linear: whether what a linear map can say is fitted to the training part first, so that
            the ensemble corrects it (`FirstForecast`); the ensemble then begins by saying nothing.

    Attributes:
        latent_change, physical_change: what repeating the last state gets wrong at each horizon, of
            standardised latents and in SI units.

    Raises:
        ValueError: parts of different widths.
        UserError: a longer past than the temporal model has places for.
    """

    latent_change: Tensor
    physical_change: Tensor

    def __init__(
        self,
        *,
        temporal: Temporal,
        dynamics: DynamicsEnsemble,
        prior: Prior,
        weight: PriorWeight,
        dt_s: float,
        substeps: int,
        past: int,
        ahead: int,
        drives: bool = False,
        prototypes: Prototypes | None = None,
        linear: bool = False,
    ) -> None:
        super().__init__()
        n_latent, n_action = dynamics.n_latent, dynamics.action.in_features
        n_felt, n_physical = felt_numbers(dynamics.n_physical), dynamics.n_physical
        if drives:
            n_felt = FELT
            if n_physical != THING:
                raise ValueError(f"what drives has {THING} numbers, not {n_physical}")
        widths = {
            "temporal.n_in": (temporal.n_in, n_latent + n_felt + n_action),
            "dynamics.n_context": (dynamics.n_context, temporal.n_inner),
            "dynamics.n_felt": (dynamics.n_felt, n_felt),
        }
        if prototypes is not None:
            width = prototypes.keys.shape[1]
            widths["prototypes.width"] = (width, temporal.n_inner)
        if wrong := [f"{k} is {a}, not {b}" for k, (a, b) in widths.items() if a != b]:
            raise ValueError("; ".join(wrong))
        if not 1 <= past <= len(temporal.place):
            raise UserError(
                f"phase.imagination.past={past}, and the model looks back on at most "
                f"model.temporal.n_moments={len(temporal.place)}",
                f"phase.imagination.past={len(temporal.place)} or less",
            )
        self.temporal = temporal
        self.dynamics = dynamics
        self.prototypes = prototypes
        self.motion = BlendedMotion(prior, weight, dt_s, substeps)
        self.past = past
        self.ahead = ahead
        self.drives = drives
        self.latents = Standardise(n_latent)
        self.actions = Standardise(n_action)
        self.register_buffer("latent_change", torch.ones(ahead, n_latent))
        self.register_buffer("physical_change", torch.ones(ahead, n_physical))
        self.first: FirstForecast | None = None
        if linear:
            told = not isinstance(prior, NoPrior)
            self.first = FirstForecast(self.linear_future(told), n_latent, n_physical - THING)
            dynamics.begin_silent()
        else:
            self.rest_height = nn.Linear(temporal.n_inner, 1)
            nn.init.zeros_(self.rest_height.weight)
            nn.init.zeros_(self.rest_height.bias)

    @property
    def fitted(self) -> bool:
        """Whether the scales are known."""
        return bool(self.latents.fitted)

    def linear_future(self, told: bool) -> LinearFuture:
        """Return a linear map for windows like these, not yet fitted, told of the prior or not."""
        return LinearFuture(
            past=self.past,
            ahead=self.ahead,
            n_latent=self.dynamics.n_latent,
            n_physical=self.dynamics.n_physical,
            n_action=self.dynamics.action.in_features,
            dt_s=self.motion.dt_s,
            told=told,
        )

    def check_moments(self, moments: Moments) -> None:
        """Raises UserError where moments are not as far apart as a step is long, or where they are
        of what drives and this is not for such, or the other way round.
        """
        if self.drives != (moments.heading is not None):
            raise UserError(
                f"phase.imagination.drives={str(self.drives).lower()}, and the data's things "
                f"{'do not drive' if self.drives else 'drive'}",
                "phase=dynamics for things on a table, phase=driving_dynamics for cars",
            )
        interval_s, dt_s = moments.interval_s, self.motion.dt_s
        if interval_s is None or abs(interval_s - dt_s) > 1e-6:
            raise UserError(
                f"moments are {interval_s} s apart, and the phase's steps take {dt_s} s",
                f"phase.imagination.dt_s={interval_s}, or another data.moment_stride",
            )

    def example_batch(self, samples: int) -> DynamicsBatch:
        """Return windows of noise."""
        moments = self.past + self.ahead
        n_latent, n_physical = self.latent_change.shape[1], self.physical_change.shape[1]
        n_action = self.dynamics.action.in_features
        return DynamicsBatch(
            latent=torch.randn(samples, moments, n_latent),
            physical=0.1 * torch.randn(samples, moments, n_physical),
            action=0.1 * torch.randn(samples, moments, n_action),
            step=0,
        )

    def forward(self, batch: DynamicsBatch, by_prior: bool = False) -> Imagined:
        """See the first `past` moments, then imagine the rest from what is done alone.

        Args:
            batch: windows; of the moments ahead, what is done alone is read.
            by_prior: move the thing by the prior alone.
        """
        past, members = self.past, self.dynamics.members
        latents, actions = self.latents(batch.latent), self.actions(batch.action)
        since_s = self._since_s(latents.device)
        last = batch.physical[:, past - 1]
        context = self._context(latents, batch.physical, actions)
        if self.prototypes is not None:
            context = self.prototypes(context)
        latent = latents[:, past - 1].expand(members, -1, -1)
        physical = last.expand(members, -1, -1)
        begun, unit = None, self.physical_change
        if self.first is None:
            height_m = rest_height_m(batch, past, self.rest_height(context)[:, 0].exp())
        else:
            begun = self.first(batch, self.motion, unit, by_prior)
        found: list[list[Tensor]] = []
        for ahead in range(self.ahead):
            now = past - 1 + ahead
            own = self._felt(physical, last, since_s[now])
            step = self.dynamics(context, latent, own, actions[:, now], (ahead + 1) / self.ahead)
            if begun is not None and self.first is not None:
                latent = latent + begun.latent[:, ahead] + step.latent * self.first.latent_left
                hand = begun.hand[:, ahead] + step.hand * self.first.hand_left
                later = physical[..., THING:] + hand
                # of the whole way, not of a step: sums of corrections ran away (LOG, 2026-11-23)
                contribution = (not by_prior) * self.first.thing_left[ahead] * step.correction
                thing = begun.thing[:, ahead] + contribution
            else:
                latent = latent + step.latent
                later = physical[..., THING:] + step.hand * unit[0, THING:]
                correction = None if by_prior else self._in_units_of_gravity(step.correction)
                done = batch.action[:, now]
                motion = moved(self.motion, physical, later, correction, done, height_m)
                thing, contribution = motion.after, motion.contribution
            physical = torch.cat([thing, later], dim=-1)
            log_variances = [step.latent_log_variance, step.physical_log_variance]
            found.append([latent, physical, *log_variances, contribution])
        # [ahead][part] of [m, row, ..] to [part] of [row, m, ahead, ..]
        parts = (torch.stack(part, dim=2).transpose(0, 1) for part in zip(*found, strict=True))
        latent, *others, contribution = parts
        if begun is not None:
            by_network = beyond_going_on(contribution, self.motion.dt_s)
            by_network = by_network / self.motion.units(by_network)
            contribution = begun.contribution[:, None] + by_network
        return Imagined(latent * self.latents.std + self.latents.mean, *others, contribution)

    @torch.no_grad()
    def contexts(self, batch: DynamicsBatch) -> Float[Tensor, "row context"]:
        """Return what is known of the past of each window, before any prototype says something."""
        return self._context(self.latents(batch.latent), batch.physical, self.actions(batch.action))

    def _context(
        self,
        latents: Float[Tensor, "row moment latent"],
        physical: Float[Tensor, "row moment quantity"],
        actions: Float[Tensor, "row moment number"],
    ) -> Float[Tensor, "row context"]:
        past = self.past
        since_s = self._since_s(latents.device)[:past]
        was = self._felt(physical[:, :past], physical[:, past - 1 : past], since_s)
        seen = [latents[:, :past], was, actions[:, :past]]
        return self.temporal(torch.cat(seen, dim=-1))[:, -1]

    def _since_s(self, device: torch.device) -> Float[Tensor, " moment"]:
        """Of each moment of a window, the time since the last one seen."""
        return self.motion.dt_s * torch.arange(1 - self.past, self.ahead, device=device)

    def summary(
        self, imagined: Imagined
    ) -> tuple[Float[Tensor, "row ahead quantity"], Float[Tensor, "row ahead quantity"]]:
        """Return mean and standard deviation of the physical state, SI units: of the mixture of all
        members, which is wider where they disagree.
        """
        own = imagined.physical_log_variance.exp() * self.physical_change.square()
        variance = own.mean(dim=1) + imagined.physical.var(dim=1, correction=0)
        return imagined.physical.mean(dim=1), variance.sqrt()

    def losses(
        self, imagined: Imagined, batch: DynamicsBatch, wanted: Collection[str]
    ) -> dict[str, Tensor]:
        """Return the wanted ones of `imagined.TERMS`, see `imagined_losses`."""
        return imagined_losses(imagined, *self._errors(imagined, batch), wanted)

    def _errors(self, imagined: Imagined, batch: DynamicsBatch) -> tuple[Tensor, Tensor]:
        """Of latent and physical state, in units of what the last state, kept, gets wrong."""
        true_latent = batch.latent[:, None, self.past :]
        latent = (imagined.latent - true_latent) / self.latents.std / self.latent_change
        true = batch.physical[:, None, self.past :]
        return latent, (imagined.physical - true) / self.physical_change

    def _felt(
        self,
        physical: Float[Tensor, "*batch quantity"],
        last: Float[Tensor, "*#batch quantity"],
        seconds: Float[Tensor, "*#batch"],
    ) -> Float[Tensor, "*batch felt"]:
        """Rows as a network feels them, so long after the last state seen."""
        if self.drives:
            return felt_driving(physical, last, seconds, self.physical_change[-1])
        return felt(physical)

    def _in_units_of_gravity(self, correction: Float[Tensor, "m row 6"]) -> Tensor:
        """What drives is corrected in units of its own."""
        if not self.drives:
            return correction
        return correction * (self.physical_change[0] / self.motion.units(correction))
