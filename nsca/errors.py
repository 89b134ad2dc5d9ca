"""Errors that a user can do something about."""


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
