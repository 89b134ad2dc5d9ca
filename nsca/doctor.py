"""Is this machine ready? `python -m nsca.doctor`

Looks at Python, the packages against their ranges and the lock, GPUs and the hardware profiles that
fit, cores and memory for MuJoCo, disk, GL and video codecs. Exit code 1 when something essential is
missing.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nsca.machine import Finding, check_gl, examine

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"


def render(finding: Finding) -> str:
    """The finding as one line, with its remedy on a second."""
    line = f"{finding.level:<8}{finding.subject:<12}{finding.detail}"
    return f"{line}\n{'':<8}{'fix:':<12}{finding.remedy}" if finding.remedy else line


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings; 1 when something essential is missing, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m nsca.doctor",
        description="Is this machine ready? Every line is ok, warn (works with a restriction) or "
        "missing (exit code 1), with what to do about it.",
    )
    parser.add_argument(
        "--gl", action="store_true", help="only whether pictures can be drawn; exit code 1 if not"
    )
    parser.add_argument("--quiet", action="store_true", help="the exit code alone")
    options = parser.parse_args(arguments)
    if options.gl:
        findings = [check_gl()]
        failed = findings[0].level != "ok"
    else:
        findings = list(examine(Path.cwd(), LOCK))
        failed = any(finding.level == "missing" for finding in findings)
    if not options.quiet:
        print("\n".join(map(render, findings)))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
