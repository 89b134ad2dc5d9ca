"""What a user should know and need not act on: a line on stderr, once a process."""

import functools
import sys


@functools.cache
def notice(text: str) -> None:
    """Print it, unless it was said before."""
    print(f"notice: {text}", file=sys.stderr)
