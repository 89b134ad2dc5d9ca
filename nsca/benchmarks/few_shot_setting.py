"""Where a few-shot agent is to act: a task, as it is or with other physics or clumsy experts."""

from dataclasses import dataclass, fields

from nsca.worlds.metaworld.physics import AlteredPhysics
from nsca.worlds.metaworld.task_names import resolve_task


@dataclass(frozen=True)
class Setting:
    """One setting of a study; written "soccer-v3 friction=0.3 action_noise=0.1".

    Attributes:
        task: full name.
        gravity, mass, friction: factors, see `AlteredPhysics`; demonstrations and evaluation have
            the same.
        action_noise: of the experts that demonstrate, see `Expert`.
    """

    task: str
    gravity: float = 1.0
    mass: float = 1.0
    friction: float = 1.0
    action_noise: float = 0.0

    def __post_init__(self) -> None:
        _ = self.physics  # refuses what cannot be

    @classmethod
    def parse(cls, text: str) -> "Setting":
        """Read one.

        Raises:
            UserError: no such task; the nearest names are offered.
            ValueError: a word after it that is no known factor with a number; impossible physics.
        """
        task, *words = text.split()
        known = [field.name for field in fields(cls)][1:]
        factors = {}
        for word in words:
            name, _, value = word.partition("=")
            if name not in known:
                raise ValueError(f"{text!r}: {name!r} is none of {', '.join(known)}")
            factors[name] = float(value)
        return cls(resolve_task(task), **factors)

    @property
    def physics(self) -> AlteredPhysics:
        """Of the world."""
        return AlteredPhysics(self.gravity, self.mass, self.friction)

    @property
    def slug(self) -> str:
        """A name for files and tables: "soccer-v3_friction=0.3"."""
        odd = [
            f"{field.name}={getattr(self, field.name):g}"
            for field in fields(self)[1:]
            if getattr(self, field.name) != field.default
        ]
        return "_".join([self.task, *odd])
