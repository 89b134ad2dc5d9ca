"""Training commands in child processes that share one import of torch, to be killed at will.

`python training_server.py` reads a JSON list of overrides a line, forks, prints the child's process
id, and afterwards its exit code (negative: the signal that killed it). With `ranks=<n>` among the
overrides n children train together as a launcher like torchrun starts them, and there are n numbers
on each line. `TrainingServer` is the other end of the pipe.
"""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

STEPS = 40


class TrainingServer:
    """Starts training commands one after another; use it as a context manager."""

    def __init__(self, log: Path) -> None:
        self._log = open(log, "w")  # noqa: SIM115  (closed in __exit__)
        root = Path(__file__).parent.parent
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, "PYTHONPATH": str(root), "PYTHONWARNINGS": "default"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()
        self._log.close()

    def start(self, overrides: list[str]) -> int:
        """Start a command and return its process id."""
        (child,) = self.start_ranks(overrides)
        return child

    def wait(self) -> int:
        """Wait for the command and return its exit code."""
        (code,) = self.wait_ranks()
        return code

    def start_ranks(self, overrides: list[str]) -> list[int]:
        """Start a command, in `ranks=` processes, and return their ids."""
        print(json.dumps(overrides), file=self._process.stdin, flush=True)
        return [int(child) for child in self._process.stdout.readline().split()]

    def wait_ranks(self) -> list[int]:
        """Wait for all processes and return their exit codes."""
        return [int(code) for code in self._process.stdout.readline().split()]

    def run(self, overrides: list[str]) -> int:
        self.start(overrides)
        return self.wait()

    def signal_when(self, overrides: list[str], number: int, moment: Callable[[], bool]) -> int:
        """Start a command, send it a signal when the moment has come, return its exit code."""
        child = self.start(overrides)
        while not moment():
            if not Path(f"/proc/{child}").exists() and sys.platform == "linux":
                break  # it ended before its moment came: the exit code tells
            time.sleep(0.001)
        else:
            os.kill(child, number)
        return self.wait()


def write_pictures(folder: Path) -> Path:
    """Write a folder of 100 training and 40 validation pictures of noise in two classes."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for split, count in (("train", 50), ("val", 20)):
        for label in "ab":
            place = folder / split / label
            place.mkdir(parents=True)
            for number in range(count):
                picture = rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)
                Image.fromarray(picture).save(place / f"{number}.png")
    return folder


def tiny_run(pictures: Path, outputs: Path) -> list[str]:
    """Overrides of 40 steps: 6 steps an epoch, validation every 9, a checkpoint every 7."""
    return [
        "phase=vision",
        "model=nsca_tiny",
        "model.vision.channels=[8,8,8,8]",
        "model.vision.image_size=32",
        "data.image_size=32",
        "hardware=cpu",
        "data=image_folder",
        f"data.path='{pictures}'",
        f"outputs='{outputs}'",
        "effective_batch=16",
        f"trainer.max_steps={STEPS}",
        "trainer.val_check_interval=9",
        "trainer.log_every_n_steps=1",
        "checkpoint.every_steps=7",
        "~watch.probes",
        "~logger.tensorboard",
    ]


def the_run(outputs: Path) -> Path:
    """The one run directory of a training command."""
    (run,) = (outputs / "train").glob("*/*")
    return run


def last_row(outputs: Path) -> int:
    """The last step in the metrics of the one run, -1 while there is none."""
    for file in (outputs / "train").glob("*/*/metrics.csv"):
        rows = [line.split(",")[0] for line in file.read_text().splitlines()[1:]]
        return max((int(row) for row in rows if row.isdigit()), default=-1)
    return -1


def digest_of(run: Path) -> dict[str, str]:
    """sha256 of what must be equal: weights, optimiser, random numbers, counters, metrics."""
    from nsca.checkpoint import checkpoints_of, read_checkpoint

    content = read_checkpoint(checkpoints_of(run)[0])
    names = ["state_dict", "optimizer_states", "lr_schedulers", "rng", "loops", "global_step"]
    names += ["callbacks", *({"current_model_state", "averaging_state"} & content.keys())]
    found = {name: _sha(_plain(content[name])) for name in names}
    found["metrics"] = hashlib.sha256((run / "metrics.csv").read_bytes()).hexdigest()
    found["files"] = " ".join(path.name for path in checkpoints_of(run))
    return found


def _sha(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "numpy"):
        return [str(value.dtype), list(value.shape), value.contiguous().numpy().tobytes().hex()]
    return repr(value)


def _serve() -> None:
    # Imported once and shared by every child.
    import torch.utils.data  # noqa: F401

    import nsca.callbacks.diagnosis
    import nsca.data.image_folder
    import nsca.following
    import nsca.phases.vision.data
    import nsca.phases.vision.module
    import nsca.training  # noqa: F401

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what children print stays out of the protocol
    for line in sys.stdin:
        overrides = json.loads(line)
        ranks = [item for item in overrides if item.startswith("ranks=")]
        overrides = [item for item in overrides if item not in ranks]
        count, port = int(ranks[0].removeprefix("ranks=")) if ranks else 1, free_port()
        children = []
        for rank in range(count):
            if (child := os.fork()) == 0:
                if count > 1:
                    be_rank(rank, count, port)
                _train(overrides)
            children.append(child)
        print(*children, file=answers, flush=True)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(*codes, file=answers, flush=True)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def be_rank(rank: int, count: int, port: int) -> None:
    """Make this process one of several, as torchrun does."""
    from lightning.pytorch.utilities.rank_zero import rank_zero_only

    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        NODE_RANK="0",
        WORLD_SIZE=str(count),
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
    )
    rank_zero_only.rank = rank  # read from the environment when it was imported


def _train(overrides: list[str]) -> None:
    from nsca.train import train
    from nsca.verb import launch

    inside = [item.removeprefix("kill-in-save=") for item in overrides if "kill-in-save=" in item]
    if inside:
        _die_inside_save(int(inside[0]))
    sys.argv = ["nsca.train", *(item for item in overrides if "kill-in-save=" not in item)]
    try:
        launch("train", train)
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:
        traceback.print_exc()  # into the log, before the process goes without unwinding
        raise
    finally:
        os._exit(1)


def _die_inside_save(number: int) -> None:
    """Make the process kill itself in its n-th save, before or after the rename by turns."""
    import nsca.checkpoint

    calls = 0
    replace = os.replace

    def dying(source: Any, target: Any) -> None:
        nonlocal calls
        calls += str(target).endswith(".ckpt")
        if calls == number and number % 2:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)

    nsca.checkpoint.os = type("os", (), {**vars(os), "replace": staticmethod(dying)})


if __name__ == "__main__":
    _serve()
