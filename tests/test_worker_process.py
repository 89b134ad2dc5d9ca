import os
import signal
import subprocess
import sys


def test_workers_end_with_a_parent_that_is_killed():
    script = (
        "import os, time; from concurrent.futures import ProcessPoolExecutor; "
        "from multiprocessing import get_context; "
        "from nsca.worker_process import start_worker; "
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
