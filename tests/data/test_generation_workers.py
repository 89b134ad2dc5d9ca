"""Workers that die are reported."""

import json
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
