"""Workers that die are reported, and none outlives its parent."""

import json
import os
import signal
import subprocess
import sys
import types
from concurrent.futures import Future
from pathlib import Path

import pytest
from data.sets import generate, quiet

from nsca.data import generation_workers
from nsca.data.generation_plan import GenerationPlan
from nsca.errors import UserError


def test_a_killed_worker_is_reported_and_what_is_finished_is_kept(
    tmp_path: Path,
    plan: GenerationPlan,
    synthetic_world: types.ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from concurrent.futures.process import BrokenProcessPool

    class DyingPool:
        """Finishes one shard, then breaks as a real pool does."""

        def __init__(self, *arguments: object) -> None:
            self.submitted = 0

        def __enter__(self) -> "DyingPool":
            return self

        def __exit__(self, *arguments: object) -> None:
            pass

        def submit(self, function, *arguments) -> Future:
            self.submitted += 1
            future: Future = Future()
            if self.submitted == 1:
                future.set_result(function(*arguments))
            else:
                future.set_exception(BrokenProcessPool("a process died"))
            return future

    with monkeypatch.context() as patch:
        patch.setattr(generation_workers, "ProcessPoolExecutor", DyingPool)
        with pytest.raises(UserError, match="worker process died") as failure:
            generate(plan, tmp_path, 2, quiet)
        assert "workers=1" in failure.value.remedy
        assert len(json.loads((tmp_path / "manifest.json").read_text())["shards"]) == 1
        assert generate(plan, tmp_path, 0, quiet)["status"] == "complete"


def test_workers_end_with_a_parent_that_is_killed() -> None:
    script = (
        "import os, time; from concurrent.futures import ProcessPoolExecutor; "
        "from multiprocessing import get_context; "
        "from nsca.data.generation_workers import start_worker; "
        "pool = ProcessPoolExecutor(1, get_context('spawn'), start_worker); "
        "print(pool.submit(os.getpid).result(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        process.kill()
        try:
            process.communicate(timeout=30)  # until nobody holds the other end, the worker neither
        except subprocess.TimeoutExpired:
            os.kill(worker, signal.SIGKILL)
            raise
