"""A gate without learning; worker processes import it by name.

It asks whether an agent knows what a coin will show. What its cells do is in the parameters:
`waits` until a file is there, `fails`, or answers.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure

from nsca.gates.gate import Cell, CellResult, Gate, Row, values
from nsca.gates.verdict import Kind, Verdict

TOSSES, QUICK_TOSSES = 400, 20


@dataclass(frozen=True, eq=False)
class CoinGate(Gate):
    """Passes when the agent is right in more than `threshold` of the tosses and a guesser is not.

    Attributes:
        knowledge: probability that the agent is told the answer.
        threshold: share of right answers.
        obstacle: what cells of seed 3 do: nothing, fail, or wait for the file `go`.
    """

    knowledge: float
    threshold: float
    obstacle: str = ""

    reference: ClassVar[str] = "guesser"
    shown: ClassVar[Mapping[str, str]] = {"right": "share of right answers"}

    @property
    def criterion(self) -> str:
        return f"right in more than {self.threshold:.0%} of the tosses, a guesser not"

    def cells(self, quick: bool) -> list[Cell]:
        tosses = QUICK_TOSSES if quick else TOSSES
        arms = {"agent": self.knowledge, "guesser": 0.0}
        return [
            Cell(arm, seed, {"knowledge": knowledge, "tosses": tosses})
            for seed in (self.seeds[:2] if quick else self.seeds)
            for arm, knowledge in arms.items()
        ]

    def run(self, cell: Cell) -> CellResult:
        print(f"tossing for {cell.arm}")
        if cell.seed == 3 and self.obstacle == "fails":
            raise RuntimeError("the coin is lost")
        while cell.seed == 3 and self.obstacle == "waits" and not Path("go").exists():
            time.sleep(0.02)
        # The global generator on purpose: the frame seeds it.
        tosses = int(cell.parameters["tosses"])
        told = np.random.random(tosses) < float(cell.parameters["knowledge"])
        right = told | (np.random.random(tosses) < 0.5)
        share = np.cumsum(right) / np.arange(1, tosses + 1)
        return CellResult({"right": float(share[-1])}, {"share": share[::10].tolist()})

    def judge(self, rows: Sequence[Row]) -> Verdict:
        agent = np.mean(list(values(rows, "agent", "right").values()))
        guesser = np.mean(list(values(rows, "guesser", "right").values()))
        figures = {"agent": float(agent), "guesser": float(guesser)}
        if guesser > self.threshold:
            return Verdict(Kind.CONTROL_MISBEHAVED, "the guesser has {guesser:.2f}", figures)
        kind = Kind.PASS if agent > self.threshold else Kind.FAIL
        return Verdict(kind, "right in {agent:.2f}, the guesser in {guesser:.2f}", figures)

    def plot(self, rows: Sequence[Row]) -> Figure:
        figure = Figure(figsize=(4, 2))
        axis = figure.subplots()
        for row in rows:
            axis.plot(row.series["share"], color="#3b7ddd" if row.arm == "agent" else "#8b919a")
        return figure


def coin(
    knowledge: float = 1.0, obstacle: str = "", seeds: Sequence[int] = (0, 1, 2, 3, 4)
) -> CoinGate:
    return CoinGate("Does it know?", list(seeds), knowledge, threshold=0.9, obstacle=obstacle)
