"""What an encoder finds alike, trained and untrained beside each other."""

from collections.abc import Callable, Mapping

import numpy as np

from nsca.benchmarks.nearest import Nearest
from nsca.errors import UserError
from nsca.reporting import page


def neighbour_section(
    found: Mapping[str, Nearest], what: str, draw: Callable[[np.ndarray], str]
) -> str:
    """A row for each query: the query, then its nearest ones of other objects.

    Args:
        found: by whose features.
        what: is compared, in one word.
        draw: from a stored row to a picture as a data URI.
    """
    label = next(iter(found.values())).label
    intro = (
        f"A held-out {what}, then the nearest {what}s of other objects (frozen features, cosine)."
        + (f" Green: the same {label}." if label else "")
    )
    columns = "".join(
        f"<div><h3>{name}{_matches(each)}</h3>{_rows(each, draw)}</div>"
        for name, each in found.items()
    )
    return page.section("What it finds alike", f'<div class="row">{columns}</div>', intro=intro)


def _matches(found: Nearest) -> str:
    if not found.label:
        return ""
    return f" · {found.share:.0%} of neighbours match, chance {found.chance:.0%}"


def _rows(found: Nearest, draw: Callable[[np.ndarray], str]) -> str:
    rows = []
    for query, near, matches in zip(found.queries, found.neighbours, found.matches, strict=True):
        pictures = f'<img class="query" src="{draw(query)}" alt="query">'
        for stored, match in zip(near, matches, strict=True):
            kind = "match" if match and found.label else "other"
            pictures += f'<img class="{kind}" src="{draw(stored)}" alt="{kind}">'
        rows.append(f"<div>{pictures}</div>")
    return f'<div class="neighbours">{"".join(rows)}</div>'


def not_shown(error: UserError) -> str:
    """Words where data or weights are gone."""
    return page.paragraph(f"Not shown: {error.cause} ({error.remedy}).", soft=True)
