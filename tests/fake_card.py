"""Run cards of runs that ended otherwise than the test could make them end."""

import json
from pathlib import Path
from typing import Any

from nsca.run_card import RUN_CARD, load_run_card


def change_card(run: Path, **fields: Any) -> None:
    """Replace fields of run.json."""
    (run / RUN_CARD).write_text(json.dumps({**load_run_card(run), **fields}))
