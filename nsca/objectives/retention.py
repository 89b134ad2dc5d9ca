"""How far off an imagination is on held-out windows of each task: what forgetting is told by.

Two figures a task: the root mean square of all physical quantities over all horizons, in units of
what the last state, kept, gets wrong on the training part as a whole; and that of the thing's place
in metres.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nsca.data.batch import DynamicsBatch
from nsca.data.windows import WindowRows
from nsca.errors import UserError
from nsca.objectives.imagination import Imagination

MEASURES = ("error", "place_m")
MOST_WINDOWS = 400
"""Of a task, spread over all there are: the same ones during a training and when it is judged."""
CHUNK = 400  # windows imagined at once

Errors = Float[Tensor, "task measure"]


def windows_of(rows: WindowRows, task: str) -> Int64[np.ndarray, " row"]:
    """Return where the windows of a task that are scored begin.

    Raises:
        UserError: there are none, or it is not known what is done.
    """
    starts = rows.starts[rows.of_tasks([task])]
    if not len(starts):
        raise UserError(
            f"no held-out window shows the task {task!r}, only {', '.join(rows.tasks())}",
            "give the data that the run was trained on",
        )
    spread = np.linspace(0, len(starts) - 1, min(MOST_WINDOWS, len(starts)))
    return starts[spread.astype(np.int64)]


@torch.no_grad()
def errors_by_task(
    model: Imagination, rows: WindowRows, tasks: Sequence[str], kept: bool = False
) -> Errors:
    """Return both figures of every task.

    Args:
        model: that imagines.
        rows: of a held-out part; the latents of the windows that are scored are known.
        tasks: their names; each has windows.
        kept: of the last state, kept, instead of what is imagined.
    """
    found = []
    for task in tasks:
        starts = windows_of(rows, task)
        pieces = [starts[at : at + CHUNK] for at in range(0, len(starts), CHUNK)]
        device = model.physical_change.device
        batches = [rows.window(piece, 0).to(device) for piece in pieces]
        squares = torch.cat([_squares(model, batch, kept) for batch in batches])
        found.append(squares.mean(dim=0).sqrt())
    return torch.stack(found).cpu()


def forgetting_and_transfer(
    errors: Mapping[tuple[str, int], float], learned_in: Mapping[str, int], done: int
) -> dict[str, float]:
    """Return means over tasks after so many stages of a stream.

    Args:
        errors: of each task after each stage, 0 before the first.
        learned_in: the stage of each task, from 1 on.
        done: stages so far.

    Returns:
        `forgetting`: how much worse tasks of earlier stages are than right after their own, where
        there are such; `transfer`: how much better tasks were right before their own than before
        the stream, without the first stage, which nothing precedes. Of one stage there is neither.
    """
    lost = [errors[t, done] - errors[t, own] for t, own in learned_in.items() if own < done]
    ahead = [errors[t, 0] - errors[t, own - 1] for t, own in learned_in.items() if 1 < own <= done]
    found = {"forgetting": lost, "transfer": ahead}
    return {name: float(np.mean(values)) for name, values in found.items() if values}


def _squares(model: Imagination, batch: DynamicsBatch, kept: bool) -> Float[Tensor, "row measure"]:
    past = model.past
    true = batch.physical[:, past:]
    if kept:
        told = batch.physical[:, past - 1 : past].expand_as(true)
    else:
        told = model.summary(model(batch))[0]
    off = told - true
    places = off[..., :3].square().sum(dim=-1).mean(dim=1)
    scaled = (off / model.physical_change).square().mean(dim=(1, 2))
    return torch.stack([scaled, places], dim=1)
