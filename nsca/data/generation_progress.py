"""How far a generation is: a bar on a terminal, a line now and then elsewhere. Both on stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from nsca.data.generation import Progress

PLAIN_EVERY_S = 10.0


def describe(progress: Progress) -> str:
    """One line: how much, how fast, where the time goes."""
    parts = [f"{progress.interactions_done}/{progress.interactions} interactions"]
    if progress.kept_interactions:
        parts.append(f"{progress.kept_interactions} of them kept")
    if progress.elapsed_s:
        parts.append(f"{progress.frames_per_s:,.0f} frames/s")
    if progress.shares:
        parts.append(", ".join(f"{part} {share:.0%}" for part, share in progress.shares.items()))
    if progress.unstable_episodes:
        parts.append(f"{progress.unstable_episodes} unstable episodes dropped")
    return "; ".join(parts)


@contextmanager
def shown_progress() -> Iterator[Callable[[Progress], None]]:
    """Yields the function that takes each report."""
    if sys.stderr.isatty():
        with Bar(
            TextColumn("babble"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:,.0f} frames/s"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        ) as bar:
            task = bar.add_task("babble", total=None, rate=0.0)
            yield lambda progress: bar.update(
                task,
                total=progress.interactions,
                completed=progress.interactions_done,
                rate=progress.frames_per_s,
            )
        return
    last = [time.monotonic()]

    def plain(progress: Progress) -> None:
        if time.monotonic() - last[0] >= PLAIN_EVERY_S:
            last[0] = time.monotonic()
            print(describe(progress), file=sys.stderr, flush=True)

    yield plain
