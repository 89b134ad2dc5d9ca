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
