"""`python -m nsca.data inspect | preview | validate <path>`: look at a data set before using it;
`python -m nsca.data demonstrate <task>`: record demonstrations of a Meta-World task.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nsca.errors import UserError, show

DEFAULT_PATH = Path("outputs/babbling")
DEMONSTRATIONS = Path("outputs/demonstrations")
SHOWN_PROBLEMS = 50
FIXES = {
    "babbling": "python -m nsca.babble with the set's own settings and path={} makes broken shards "
    "again and keeps the others",
    "demonstrations": "the command in its README.md, with --path {}, records the set again",
}
EXAMPLES = """examples:
  python -m nsca.babble interactions=200            make a set in outputs/babbling
  python -m nsca.data inspect                       what is in it
  python -m nsca.data preview                       pictures, a film with sound, a spectrogram
  python -m nsca.data validate photos/              every file of a folder, broken ones named
  python -m nsca.data demonstrate pick-place        10 demonstrations, in outputs/demonstrations
  python -m nsca.data preview outputs/demonstrations/pick-place-v3
"""
DEMONSTRATE = """\
Lets metaworld's scripted expert play episodes of a task until --count of them succeeded, and
stores those. Episodes without success are dropped and counted: the expert's success rate is
printed and kept in manifest.json. The same settings give the same bytes; a finished set of the
same settings is kept, and a folder with other settings is refused.
"""
DEMONSTRATE_EXAMPLES = """examples:
  python -m nsca.data demonstrate pick-place                    10 of them, in seconds
  python -m nsca.data demonstrate door-open --action-noise 0.3  by a hand that shakes
  python -m nsca.data demonstrate push --mass 4 --path outputs/demonstrations/push-heavy
                                                                under altered physics
  python -m nsca.data inspect outputs/demonstrations/pick-place-v3
In Python: nsca.data.demonstrations.load_demonstrations("outputs/demonstrations/pick-place-v3")
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m nsca.data",
        description="Looks at data sets: babbling sets (made by python -m nsca.babble), sets of "
        "demonstrations (which demonstrate records), folders of pictures, sounds or videos, custom "
        "folders (image_001.jpg, audio_001.wav, proprio_001.npy), recorded drives, and data sets "
        "of Hugging Face on this disk.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="command")
    texts = {
        "inspect": "print what a set holds: counts, sizes, lengths, versions, fields",
        "preview": "write a contact sheet, a film and a GIF; of babbling also a spectrogram",
        "validate": "check files, checksums, schema, counts, ranges, copies; exit 1 on problems",
    }
    for name, text in texts.items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.add_argument(
            "path", nargs="?", type=Path, default=DEFAULT_PATH, help=f"the set ({DEFAULT_PATH})"
        )
        if name == "preview":
            command.add_argument(
                "--split", choices=("train", "val", "test"), help="of a babbling set (train)"
            )
            command.add_argument(
                "--count", type=int, default=7, help="rows of the contact sheet (7)"
            )
            command.add_argument(
                "--output", type=Path, help="where to write (outputs/preview/<name of the set>)"
            )
    _declare_demonstrate(commands)
    return top


def _declare_demonstrate(commands: Any) -> None:
    command = commands.add_parser(
        "demonstrate",
        help="record demonstrations of a Meta-World task by its scripted expert",
        description=DEMONSTRATE,
        epilog=DEMONSTRATE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("task", help="one of Meta-World's 50: pick-place, door-open, ...")
    command.add_argument("--count", type=int, default=10, help="how many (10)")
    command.add_argument("--seed", type=int, default=0, help="decides places and noise (0)")
    command.add_argument("--path", type=Path, help=f"where to ({DEMONSTRATIONS}/<task>)")
    for name, default, text in (
        ("action-noise", 0.0, "standard deviation of noise on the hand's steps of -1 to 1 (0)"),
        ("gravity", 1.0, "factor on gravity (1)"),
        ("mass", 1.0, "factor on the mass of what the task moves, above 0 (1)"),
        (
            "friction",
            1.0,
            "factor on its own sliding friction, which then decides all its contacts (1)",
        ),
    ):
        command.add_argument(f"--{name}", type=number, default=default, help=text, metavar="X")
    command.add_argument(
        "--steps-after-success",
        type=int,
        default=30,
        metavar="STEPS",
        help="how long an episode goes on after its first success, in steps of 12.5 ms (30)",
    )
    command.add_argument(
        "--backend",
        choices=("auto", "envpool", "metaworld"),
        default="auto",
        help="envpool (fast), metaworld (any physics), or auto: whichever can do it (auto)",
    )


def number(text: str) -> float:
    """A finite number from the command line, which names this function where it is none."""
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is not a finite number")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0, or 1 where validation found problems."""
    chosen = parser().parse_args(arguments)
    if chosen.command == "demonstrate":
        return _demonstrate(chosen)
    from nsca.data.inspection import format_of

    kind = format_of(chosen.path)
    if chosen.command == "inspect":
        return _inspect(chosen.path, kind)
    if chosen.command == "validate":
        return _validate(chosen.path, kind)
    return _preview(chosen, kind)


def _demonstrate(chosen: argparse.Namespace) -> int:
    from nsca.data.demonstrating import RecordingSettings, make_demonstration_set
    from nsca.worlds.metaworld.task_names import resolve_task

    settings = vars(chosen).copy()
    path = settings.pop("path") or DEMONSTRATIONS / resolve_task(chosen.task)
    del settings["command"]
    settings["task"] = resolve_task(chosen.task)

    def report(found: int, played: int) -> None:
        print(f"{found} of {chosen.count} demonstrations, {played} episodes", file=sys.stderr)

    manifest, made = make_demonstration_set(RecordingSettings(**settings), path, report)
    episodes = manifest["episodes"]
    done = "recorded" if made else "kept: the set is finished and of the same settings:"
    print(
        f"{done} {manifest['configuration']['count']} demonstrations of "
        f"{manifest['configuration']['task']} ({manifest['configuration']['backend']}); the expert "
        f"succeeded in {episodes['tried'] - episodes['failed']} of {episodes['tried']} episodes "
        f"({episodes['success_rate']:.0%})",
        file=sys.stderr,
    )
    print(path)
    return 0


def _preview(chosen: argparse.Namespace, kind: str) -> int:
    if kind not in ("babbling", "demonstrations"):
        raise UserError(
            f"{chosen.path} is a folder of files", "open its files with any viewer or player"
        )
    if chosen.count < 1:
        raise UserError(f"--count {chosen.count}", "show at least one row")
    if kind == "demonstrations" and chosen.split:
        raise UserError("demonstrations have no splits", "leave --split out")
    output = chosen.output or Path("outputs/preview") / chosen.path.resolve().name
    try:
        for file in _written(chosen, kind, output):
            print(f"wrote {file.name}", file=sys.stderr)
    except OSError as error:
        cause = f"{output} cannot be written ({error.strerror or error})"
        raise UserError(cause, "choose another folder with --output") from error
    print(output)
    return 0


def _written(chosen: argparse.Namespace, kind: str, output: Path) -> list[Path]:
    if kind == "demonstrations":
        from nsca.data.demonstration_preview import write_demonstration_preview

        return write_demonstration_preview(chosen.path, output, chosen.count)
    from nsca.data.preview import write_preview

    return write_preview(chosen.path, output, chosen.split or "train", chosen.count)


def _source(path: Path, kind: str) -> Any:
    if kind == "custom_folder":
        from nsca.data.custom_folder import CustomFolder

        return CustomFolder(str(path))
    if kind == "driving_signals":
        from nsca.data.driving_signals import DrivingSignals

        return DrivingSignals(str(path))
    if kind == "huggingface":
        from nsca.data.huggingface import HuggingFace

        return HuggingFace(str(path))
    if kind == "audio_folder":
        from nsca.data.audio_folder import AudioFolder

        return AudioFolder(str(path))
    if kind == "video_folder":
        from nsca.data.video_folder import VideoFolder

        return VideoFolder(str(path))
    from nsca.data.image_folder import ImageFolder

    return ImageFolder(str(path))


def _inspect(path: Path, kind: str) -> int:
    from nsca.data import inspection

    if kind == "babbling":
        lines = inspection.describe_babbling(path)
    elif kind == "demonstrations":
        lines = inspection.describe_demonstrations(path)
    elif kind == "driving_signals":
        lines = inspection.describe_drives(_source(path, kind))
    else:
        lines = inspection.describe_folder(_source(path, kind))
    for line in lines:
        print(line)
    return 0


def _validate(path: Path, kind: str) -> int:
    found = 0
    for problem in _problems(path, kind):
        found += 1
        if found <= SHOWN_PROBLEMS:
            print(problem)
    if found > SHOWN_PROBLEMS:
        print(f"... and {found - SHOWN_PROBLEMS} more")
    print(f"{path}: {'no problems' if not found else f'{found} problems'} ({kind})")
    if found and kind in FIXES:
        print("  fix: " + FIXES[kind].format(path), file=sys.stderr)
    return 1 if found else 0


def _problems(path: Path, kind: str) -> Any:
    if kind == "babbling":
        from nsca.data.validation import babbling_problems

        return babbling_problems(path)
    if kind == "demonstrations":
        from nsca.data.demonstration_validation import demonstration_problems

        return demonstration_problems(path)
    return _source(path, kind).problems()


def run() -> int:
    """`main` with a user's mistake as two lines; exit code 2."""
    try:
        return main()
    except UserError as error:
        show(error)
        return 2


if __name__ == "__main__":
    sys.exit(run())
