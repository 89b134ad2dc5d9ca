"""The checker behind every annotated function of nsca while tests run.

beartype, with an int accepted where a float is asked for, as PEP 484 has it. The import hook
decorates methods one by one, where beartype cannot know what `Self` stands for: such hints are left
unchecked.
"""

from typing import Any, Self

from beartype import BeartypeConf, beartype

_check = beartype(conf=BeartypeConf(is_pep484_tower=True))


def checked(function: Any) -> Any:
    """The function with its arguments and result checked at every call."""
    hints = getattr(function, "__annotations__", None)
    if hints and Self in hints.values():
        function.__annotations__ = {k: Any if hint is Self else hint for k, hint in hints.items()}
    return _check(function)
