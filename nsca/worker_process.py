"""How a worker process of any pool starts: deaf to Ctrl-C, and never outliving its parent."""

import os
import signal
import threading
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess


def start_worker() -> None:
    """The parent decides when to stop; Ctrl-C reaches the whole group, so workers ignore it.

    A parent that is killed cannot say so: without a watch its workers would wait for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
