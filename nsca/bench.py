"""How fast are we, and beside what? `python -m nsca.bench` writes outputs/bench.json.

Every figure of ours stands beside a baseline measured in the same run on the same cores: the loops
take turns, several rounds of them, and medians are compared. A few minutes on two cores.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from nsca.benches.babbling import PARTS, generate
from nsca.benches.measurement import Measurement, figures_in_own_process, medians, write
from nsca.benches.profiles import measure_profiles, tables
from nsca.errors import UserError, show

EVALUATION_LOOPS = ("ours", "metaworld", "processes")  # of nsca.benches.evaluation_loop
WANTED_INTERACTIONS_PER_MIN = 2000.0  # 10,000 in five minutes
SMALL_BATCH = 8  # a step of tens of ms, where overhead shows
STUDY_BATCH = 64  # what studies train with
INPUT_BATCHES = {"audio": 64, "fusion": 128, "dynamics": 64, "full": 32}  # of the other phases
PROFILE_STEPS = {"cuda": 10, "cpu": 1}  # on a processor one takes up to a minute
Figures = Mapping[str, float]


def measure_worlds(rounds: int, interactions: int, seconds: float) -> dict[str, Measurement]:
    """Babbling beside the two plain loops, and what its time went into."""
    metaworld, plain, fast, ours = [], [], [], []
    limit = ("--seconds", str(seconds))
    for number in range(rounds):
        metaworld.append(figures_in_own_process("nsca.benches.metaworld_loop", *limit))
        plain.append(figures_in_own_process("nsca.benches.tabletop_loop", *limit))
        fast.append(figures_in_own_process("nsca.benches.tabletop_loop", "--fast", *limit))
        with tempfile.TemporaryDirectory(prefix="nsca-bench-") as folder:
            ours.append(generate(interactions, Path(folder) / "set", seed=number))
        print(f"worlds: round {number + 1} of {rounds} done", file=sys.stderr)
    return compare_worlds(medians(ours), medians(metaworld), medians(plain), medians(fast))


def compare_worlds(
    ours: Figures, metaworld: Figures, plain: Figures, fast: Figures
) -> dict[str, Measurement]:
    """The rows of bench.json about simulation."""
    frames, unit = "frames_per_s", "frames/s"
    rows = {
        "babble_vs_metaworld": Measurement(ours[frames], metaworld[frames], unit),
        "babble_vs_plain_tabletop": Measurement(ours[frames], plain[frames], unit),
        "renderer_vs_mujoco_renderer": Measurement(fast[frames], plain[frames], unit),
        "babble_interactions": Measurement(
            ours["interactions_per_min"], WANTED_INTERACTIONS_PER_MIN, "interactions/min"
        ),
        "babble_memory": Measurement(
            ours["worker_memory_growth"], 1.0, "peak memory at the end / after a fifth"
        ),
    }
    for part in PARTS:
        share = Measurement(ours[f"share_{part}"], 1.0, "share of the workers' time")
        rows[f"babble_share_{part}"] = share
    return rows


def measure_training(rounds: int, steps: int) -> dict[str, Measurement]:
    """The Trainer's step beside a bare loop's, and the input pipeline's share of the latter."""
    found: dict[int, list[Figures]] = {SMALL_BATCH: [], STUDY_BATCH: []}
    with tempfile.TemporaryDirectory(prefix="nsca-bench-") as folder:
        data = Path(folder) / "set"
        generate(200, data, seed=0)
        for number in range(rounds):
            for batch, figures in found.items():
                own = (str(data), "--steps", str(steps), "--batch", str(batch))
                figures.append(figures_in_own_process("nsca.benches.training_step", *own))
            print(f"training: round {number + 1} of {rounds} done", file=sys.stderr)
    rows = {}
    for batch, figures in found.items():
        own = medians(figures)
        name = f"trainer_vs_bare_loop_batch_{batch}"
        rows[name] = Measurement(own["steps_per_s"], own["bare_steps_per_s"], "optimiser steps/s")
        for end in ("ratio_low", "ratio", "ratio_high"):
            rows[f"{name}_{end}"] = Measurement(own[end], 1.0, "of neighbouring blocks")
        rows[f"vision_input_share_batch_{batch}"] = Measurement(
            own["input_share"], 1.0, "share of the step (gather and augment)"
        )
    return rows


def measure_inputs(rounds: int, steps: int) -> dict[str, Measurement]:
    """How long the Trainer waits for batches in the other phases, at the batches of studies."""
    found: dict[str, list[Figures]] = {phase: [] for phase in INPUT_BATCHES}
    with tempfile.TemporaryDirectory(prefix="nsca-bench-") as folder:
        data = Path(folder) / "set"
        generate(200, data, seed=0)
        for number in range(rounds):
            for phase, batch in INPUT_BATCHES.items():
                own = ("--phase", phase, "--batch", str(batch), "--steps", str(steps))
                figures = figures_in_own_process("nsca.benches.training_step", str(data), *own)
                found[phase].append(figures)
            print(f"input: round {number + 1} of {rounds} done", file=sys.stderr)
    return {
        f"{phase}_input_share_batch_{INPUT_BATCHES[phase]}": Measurement(
            medians(each)["input_share"], 1.0, "share of the Trainer's time"
        )
        for phase, each in found.items()
    }


def measure_evaluation(rounds: int, episodes: int) -> dict[str, Measurement]:
    """Evaluation episodes through our interface beside metaworld's loop and its environments."""
    rates: dict[str, list[Figures]] = {loop: [] for loop in EVALUATION_LOOPS}
    for number in range(rounds):
        for loop, found in rates.items():
            arguments = ("--loop", loop, "--episodes", str(episodes))
            found.append(figures_in_own_process("nsca.benches.evaluation_loop", *arguments))
        print(f"evaluation: round {number + 1} of {rounds} done", file=sys.stderr)
    rate = {loop: medians(found)["steps_per_s"] for loop, found in rates.items()}
    unit = "environment steps/s, all cores"
    return {
        "evaluation_vs_metaworld": Measurement(rate["ours"], rate["metaworld"], unit),
        "evaluation_vs_processes": Measurement(rate["ours"], rate["processes"], unit),
    }


def table(rows: Mapping[str, Measurement]) -> str:
    """The rows as text."""
    lines = [f"{'':<30}{'ratio':>9}{'ours':>12}{'baseline':>12}  unit"]
    lines += [
        f"{name:<30}{row.ratio:>9.3g}{row.ours:>12.4g}{row.baseline:>12.4g}  {row.unit}"
        for name, row in rows.items()
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table and the path of the file; 2 when something stands in the way."""
    parser = argparse.ArgumentParser(
        prog="python -m nsca.bench", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken over so many")
    parser.add_argument("--interactions", type=int, default=1000, help="generated in each round")
    parser.add_argument("--seconds", type=float, default=8.0, help="for each plain loop and round")
    parser.add_argument("--steps", type=int, default=30, help="optimiser steps in each round")
    parser.add_argument("--episodes", type=int, default=32, help="of each task and round")
    parser.add_argument("--output", type=Path, help="outputs/bench.json, or outputs/profiles.csv")
    parser.add_argument(
        "--profiles",
        action="store_true",
        help="instead: memory, samples/s and GPU share of the phases of model=nsca on hardware "
        "profiles; what is measured already stays",
    )
    options = parser.parse_args(arguments)
    if options.profiles:
        return _profiles(options.output or Path("outputs/profiles.csv"))
    output = options.output or Path("outputs/bench.json")
    try:
        rows = measure_worlds(options.rounds, options.interactions, options.seconds)
        rows |= measure_training(options.rounds, options.steps)
        rows |= measure_inputs(options.rounds, options.steps)
        rows |= measure_evaluation(options.rounds, options.episodes)
    except UserError as error:
        show(error)
        return 2
    write(output, rows)
    print(table(rows))
    print(output)
    return 0


def _profiles(output: Path) -> int:
    rows = measure_profiles(output, PROFILE_STEPS)
    print(tables(rows))
    print(output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
