"""What a misspelt word was probably meant to be."""

import difflib
from collections.abc import Iterable


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `word`, None when nothing is like it."""
    pool = sorted(set(candidates))
    close = difflib.get_close_matches(word, pool, n=1, cutoff=0.55)
    return close[0] if close else None


def advice(word: str, candidates: Iterable[str], what: str = "key") -> str:
    """Remedy for a misspelt word: the nearest candidate, or all of them."""
    pool = sorted(set(candidates))
    if (match := nearest(word, pool)) is not None:
        return f"did you mean '{match}'?"
    if not pool:
        return f"remove it: there is no {what} here"
    return f"choose a {what} from: {', '.join(pool)}"
