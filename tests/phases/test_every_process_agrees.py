"""The same command gives the same numbers in every process, to the last bit: nothing goes by the
order of a set of names, which Python shuffles anew each time it starts.
"""

import hashlib
import json
import os
import subprocess
import sys

import torch
from lightning import seed_everything
from phases.test_every_phase_resumes import MAKE
from phases.tiny_vision import tiny_trainer


def weights_after_training() -> dict[str, str]:
    """A digest of what three steps make of each phase."""
    found = {}
    for name, (make_phase, make_data) in MAKE.items():
        seed_everything(0, workers=True, verbose=False)
        phase = make_phase(micro_batch=7)
        tiny_trainer(3, val_check_interval=3).fit(phase, datamodule=make_data())
        weights = torch.cat([p.detach().flatten() for p in phase.parameters()])
        found[name] = hashlib.sha256(weights.numpy().tobytes()).hexdigest()
    return found


def test_every_process_gives_the_same_weights():
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", __name__],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for seed in ("1", "2")
    ]
    one, other = (json.loads(each.communicate()[0].splitlines()[-1]) for each in processes)
    assert list(one) == list(MAKE)
    assert other == one


if __name__ == "__main__":
    print(json.dumps(weights_after_training()))
