"""What a study asks, fixed before it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class StudyPlan:
    """A question with its conditions and seeds; `conf/study/<name>.yaml` is one.

    Attributes:
        name: of the folder `experiments/<name>/` that holds the figures.
        question: what is asked, in a sentence.
        prediction: what was expected before the run.
        reference: the condition that all others are compared with.
        seeds: every condition runs under each of them.
        babble: overrides of the data generation that comes first; None where data is given.
        train: overrides that all training runs share.
        conditions: by name, the overrides that make a condition what it is.
        evaluate: overrides of the evaluation.
        leave_out: figures whose name matches this regular expression are not kept in results.csv.
        metrics: of the figures kept, what the table and the picture show.
        baselines: rows without training, by name: what stands in place of `trained` in the name of
            a metric, such as `pixels`. Their values come from the evaluation of the reference.

    Raises:
        ValueError: when the reference is no condition, a seed repeats, or a name is used twice.
    """

    name: str
    question: str
    prediction: str
    reference: str
    seeds: Sequence[int]
    babble: Sequence[str] | None
    train: Sequence[str]
    conditions: Mapping[str, Sequence[str]]
    evaluate: Sequence[str]
    leave_out: str
    metrics: Sequence[str]
    baselines: Mapping[str, str]

    def __post_init__(self) -> None:
        if self.reference not in self.conditions:
            raise ValueError(f"reference {self.reference!r} is not among {list(self.conditions)}")
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"a seed repeats: {list(self.seeds)}")
        if both := self.conditions.keys() & self.baselines.keys():
            raise ValueError(f"both a condition and a baseline: {sorted(both)}")

    def baseline_metric(self, baseline: str, metric: str) -> str:
        """The name under which the evaluation of a run keeps a baseline's value of a metric."""
        return metric.replace("/trained", f"/{self.baselines[baseline]}")
