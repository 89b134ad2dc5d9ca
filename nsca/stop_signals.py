"""SIGTERM and SIGINT ask a run to finish its step, save and leave; a second signal leaves at once.

Checkpoints, shards and tables are written atomically, so leaving at once loses what is in progress
and nothing else.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def graceful_stop(
    ask: Callable[[int], None],
    doing: str | Callable[[], str] | None = "finishing this step and saving",
) -> Iterator[Callable[[], None]]:
    """Within the block the first signal calls `ask(number)`, the second ends the process.

    Gives a function that takes the signals again, for a block whose libraries take them, too.
    Outside the main thread, where Python allows no handlers, nothing changes.

    Args:
        ask: must only note the wish, for it runs between two arbitrary instructions; or raise,
            where nothing can be left half done.
        doing: what happens now, or what says it then; written to stderr at the first signal. None
            where another process says it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal asked
        if asked:
            os._exit(128 + number)
        asked = True
        if doing is not None:
            # os.write and not print: a handler may interrupt a print that holds the stream's lock
            now = doing() if callable(doing) else doing
            text = f"{signal.Signals(number).name}: {now}; once more leaves at once\n"
            os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, text.encode())
        ask(number)

    def take() -> None:
        for number in SIGNALS:
            signal.signal(number, handle)

    before = {number: signal.getsignal(number) for number in SIGNALS}
    take()
    try:
        yield take
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
