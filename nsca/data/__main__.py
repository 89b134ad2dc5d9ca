"""`python -m nsca.data inspect | preview | validate <path>`: look at a data set before using it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nsca.errors import UserError, show

DEFAULT_PATH = Path("outputs/babbling")
SHOWN_PROBLEMS = 50
EXAMPLES = """examples:
  python -m nsca.babble interactions=200            make a set in outputs/babbling
  python -m nsca.data inspect                       what is in it
  python -m nsca.data preview                       pictures, a film with sound, a spectrogram
  python -m nsca.data validate photos/              every picture of a folder, broken ones named
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m nsca.data",
        description="Looks at data sets: babbling sets (made by python -m nsca.babble), folders of "
        "labelled pictures, and custom folders (image_001.jpg, audio_001.wav, proprio_001.npy).",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="command")
    texts = {
        "inspect": "print splits, kinds, primitives, events, sizes and fields",
        "preview": "write a contact sheet, a film with sound, a GIF and a spectrogram",
        "validate": "check files, checksums, schema, counts and ranges; exit code 1 on problems",
    }
    for name, text in texts.items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.add_argument(
            "path", nargs="?", type=Path, default=DEFAULT_PATH, help=f"the set ({DEFAULT_PATH})"
        )
        if name == "preview":
            command.add_argument("--split", choices=("train", "val", "test"), default="train")
            command.add_argument(
                "--count", type=int, default=7, help="interactions on the contact sheet (7)"
            )
            command.add_argument(
                "--output", type=Path, help="where to write (outputs/preview/<name of the set>)"
            )
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0, or 1 where validation found problems."""
    chosen = parser().parse_args(arguments)
    from nsca.data.inspection import format_of

    kind = format_of(chosen.path)
    if chosen.command == "inspect":
        return _inspect(chosen.path, kind)
    if chosen.command == "validate":
        return _validate(chosen.path, kind)
    if kind != "babbling":
        raise UserError(f"{chosen.path} is a folder of files", "open its pictures with any viewer")
    if chosen.count < 1:
        raise UserError(f"--count {chosen.count}", "show at least one interaction")
    from nsca.data.preview import write_preview

    output = chosen.output or Path("outputs/preview") / chosen.path.resolve().name
    try:
        for file in write_preview(chosen.path, output, chosen.split, chosen.count):
            print(f"wrote {file.name}", file=sys.stderr)
    except OSError as error:
        cause = f"{output} cannot be written ({error.strerror or error})"
        raise UserError(cause, "choose another folder with --output") from error
    print(output)
    return 0


def _source(path: Path, kind: str) -> Any:
    if kind == "custom_folder":
        from nsca.data.custom_folder import CustomFolder

        return CustomFolder(str(path))
    from nsca.data.image_folder import ImageFolder

    return ImageFolder(str(path))


def _inspect(path: Path, kind: str) -> int:
    from nsca.data.inspection import describe_babbling, describe_folder

    lines = describe_babbling(path) if kind == "babbling" else describe_folder(_source(path, kind))
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
    if found and kind == "babbling":
        print(
            f"  fix: python -m nsca.babble with the set's own settings and path={path} makes "
            "broken shards again and keeps the others",
            file=sys.stderr,
        )
    return 1 if found else 0


def _problems(path: Path, kind: str) -> Any:
    if kind == "babbling":
        from nsca.data.validation import babbling_problems

        return babbling_problems(path)
    source = _source(path, kind)
    if kind == "custom_folder":
        return source.problems()
    from nsca.data.media import BrokenFileError, read_image

    problems = []
    for members in source.files.values():
        for member in members:
            try:
                read_image(member.path, source.image_size)
            except BrokenFileError as error:
                problems.append(str(error))
    return problems


def run() -> int:
    """`main` with a user's mistake as two lines; exit code 2."""
    try:
        return main()
    except UserError as error:
        show(error)
        return 2


if __name__ == "__main__":
    sys.exit(run())
