"""Errors that a user can do something about, and how every command shows them."""

import os
import sys
import traceback


class UserError(Exception):
    """A failure with a cause and a remedy, shown as two lines and never as a traceback.

    Args:
        cause: what went wrong, in one line, naming the file, key or value.
        remedy: what to type or change so that it works.
    """

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(f"{cause} ({remedy})")
        self.cause = cause
        self.remedy = remedy

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """Both arguments travel: exceptions by default take only `args` out of a worker process."""
        return type(self), (self.cause, self.remedy)


def show(error: UserError) -> None:
    """Write cause and remedy to stderr; `NSCA_TRACEBACK=1` puts the traceback before them."""
    if os.environ.get("NSCA_TRACEBACK") == "1":
        traceback.print_exception(error)
    sys.stdout.flush()  # where both go to one place, results come before the error
    print(f"error: {error.cause}\n  fix: {error.remedy}", file=sys.stderr)
