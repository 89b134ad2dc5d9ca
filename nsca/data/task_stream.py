"""Tasks in order: which of them a training learns at which step.

A stage is one task, or several at once, written `push+strike`; every stage has the same number of
steps. All tasks in one stage are what is called joint training.
"""

from collections.abc import Sequence

from nsca.errors import UserError


class TaskStream:
    """Stages one after the other.

    Args:
        stages: each the names of its tasks, joined by +.

    Attributes:
        tasks: all of them, in the order in which they come.
        stage_of: the stage of each task, from 0.

    Raises:
        UserError: no stages, a stage without a name, or a task that comes twice.
    """

    def __init__(self, stages: Sequence[str]) -> None:
        self.stages = tuple(tuple(stage.split("+")) for stage in stages)
        self.tasks = tuple(task for stage in self.stages for task in stage)
        if not self.tasks or not all(self.tasks):
            raise UserError(f"a stream of stages {list(stages)}", "name a task in every stage")
        if twice := sorted({task for task in self.tasks if self.tasks.count(task) > 1}):
            raise UserError(
                f"the stream has {', '.join(twice)} more than once", "name each task once"
            )
        self.stage_of = {t: n for n, stage in enumerate(self.stages) for t in stage}

    def stage_at(self, step: int, steps: int) -> int:
        """Return the stage that a step (from 0) of so many belongs to; after them, the last one."""
        return min(step * len(self.stages) // steps, len(self.stages) - 1)

    def ended_by(self, done: int, steps: int) -> int | None:
        """Return the stage that ends when so many steps are done, if one does."""
        if done < 1:
            return None
        stage = self.stage_at(done - 1, steps)
        return stage if done == steps or self.stage_at(done, steps) > stage else None

    def require_steps(self, steps: int) -> None:
        """Raises UserError where a training of so many steps has none for some stage."""
        if steps < 1:
            raise UserError(
                "a stream of tasks needs to know how many steps there are",
                f"trainer.max_steps={1000 * len(self.stages)}",
            )
        if steps < len(self.stages):
            raise UserError(
                f"{steps} steps for a stream of {len(self.stages)} stages",
                f"trainer.max_steps={len(self.stages)} or more",
            )
