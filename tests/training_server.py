"""Runs training commands in child processes that share one import of torch and Lightning.

Started as `python training_server.py`; each line on stdin is a JSON list of overrides; for each it
forks, prints the child's process id, and afterwards its exit code (negative: the signal that
killed it).
"""

import json
import os
import sys


def run_child(overrides: list[str]) -> None:
    from nsca.train import train
    from nsca.verb import launch

    sys.argv = ["nsca.train", *overrides]
    launch("train", train)


def main() -> None:
    import nsca.training  # noqa: F401  (imported once, shared by every child)

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # children print beside the protocol
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                run_child(json.loads(line))
            except SystemExit as end:
                os._exit(end.code if isinstance(end.code, int) else 1)
            finally:
                os._exit(1)
        print(child, file=answers, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


if __name__ == "__main__":
    main()
