"""Rows of streams of tasks whose figures are known."""

from nsca.benchmarks.retentions import Retained


def stream(errors: list[list[float]], kept: float = 1.0) -> list[Retained]:
    """Errors [after, task] of tasks a, b, c, each in a stage of its own."""
    stages = len(errors) - 1
    rows = []
    for place, task in enumerate("abc"[:stages]):
        shared = {"split": "val", "task": task, "learned_in": place + 1, "windows": 9}
        shared |= {"measure": "error"}
        rows += [
            Retained(**shared, after=after, forecaster="trained", value=line[place])
            for after, line in enumerate(errors)
        ]
        rows.append(Retained(**shared, after=stages, forecaster="copy_last", value=kept))
    return rows


FORGETFUL = [[1.0, 1.0, 1.0], [0.2, 0.9, 1.0], [0.6, 0.2, 0.7], [0.8, 0.5, 0.2]]
PERFECT = [[1.0, 1.0, 1.0], [0.2, 1.0, 1.0], [0.2, 0.2, 1.0], [0.2, 0.2, 0.2]]
