"""Stands for `python -m nsca.<verb>` in a pipeline: makes at once what other steps look for.

`python fake_verbs.py nsca.<verb> key=value ...` leaves a run directory below `outputs` and prints
it last. Files in the working directory say what else happens: `fails-<what>`, `waits-<what>` (while
it is there), `verdict-<gate>` with a kind in it; <what> is the gate, phase, benchmark or `babble`.
"""

import json
import shlex
import signal
import sys
import time
from pathlib import Path

SCRIPT = (sys.executable, __file__)
EXIT_CODES = {"pass": 0, "smoke": 3}
DATA = "d" * 64


def main(module: str, arguments: list[str]) -> int:
    verb = module.removeprefix("nsca.")
    given = dict(argument.split("=", 1) for argument in arguments)
    what = next((given[key] for key in ("gate", "phase", "benchmark") if key in given), verb)
    with Path("commands.txt").open("a") as log:
        log.write(f"{what}: {shlex.join(arguments)}\n")
    print(f"doing {what}", flush=True)
    while Path(f"waits-{what}").exists():
        time.sleep(0.01)
    if Path(f"fails-{what}").exists():
        print(f"error: {what} is broken\n  fix: mend it", file=sys.stderr, flush=True)
        return 2
    home = Path(given["outputs"], verb, what)
    run = Path(given["path"]) if verb == "babble" else home / str(len(list(home.glob("*"))))
    run.mkdir(parents=True, exist_ok=True)
    card = {"verb": verb, "status": "finished", "data_fingerprint": DATA, "metrics": {}}
    (run / "run.json").write_text(json.dumps(card))
    code = 0
    if verb == "gate":
        said = Path(f"verdict-{what}")
        kind = said.read_text().strip() if said.exists() else "pass"
        code = EXIT_CODES.get(kind, 4)
        group = {"pass": "pass", "smoke": "smoke"}.get(kind, "fail")
        verdict = {"kind": kind, "passed": kind == "pass", "group": group}
        words = {"text": "so it is", "statement": "so it is", "figures": {}}
        (run / "verdict.json").write_text(json.dumps(verdict | words))
    print(run)
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    signal.signal(signal.SIGINT, lambda number, _: sys.exit(128 + number))
    sys.exit(main(sys.argv[1], sys.argv[2:]))
