"""Worker processes that make shards, one shard a piece of work."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from nsca.data.generation_plan import GenerationPlan, Shard
from nsca.data.shard import ShardResult, make_shard
from nsca.errors import UserError
from nsca.worker_process import start_worker


def finished_shards(
    plan: GenerationPlan, root: Path, todo: list[Shard], workers: int, stop: Callable[[], bool]
) -> Iterator[ShardResult]:
    """Finished shards, as they come; one more than workers is under way.

    Args:
        plan, root: of the set.
        todo: the shards to make, in the order to begin them.
        workers: processes; 0 works in this one.
        stop: asked often; True ends it after the shards in progress.

    Raises:
        UserError: a worker died.
    """
    if workers == 0:
        for shard in todo:
            if stop():
                return
            yield make_shard(plan, str(root), shard)
        return
    waiting = iter(todo)
    context = get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(todo) or 1), context, start_worker) as pool:
        running: set[Future[ShardResult]] = set()
        try:
            while True:
                while len(running) <= workers and not stop():
                    shard = next(waiting, None)
                    if shard is None:
                        break
                    running.add(pool.submit(make_shard, plan, str(root), shard))
                if stop():
                    running = {future for future in running if not future.cancel()}
                if not running:
                    return
                done, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                failures = [error for future in done if (error := future.exception())]
                yield from (future.result() for future in done if not future.exception())
                if failures:
                    raise failures[0]
        except BrokenProcessPool as error:
            raise UserError(
                "a worker process died (killed, or out of memory)",
                f"run the same command again to continue; workers={max(1, workers // 2)} "
                "needs less memory",
            ) from error
        finally:
            for future in running:
                future.cancel()
