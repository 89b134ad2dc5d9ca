import pytest

from nsca.studies.plan import StudyPlan


@pytest.fixture
def plan() -> StudyPlan:
    """Two conditions, two seeds, one baseline."""
    return StudyPlan(
        name="example",
        question="Does it help?",
        prediction="Yes.",
        reference="off",
        seeds=[0, 1],
        babble=None,
        train=[],
        conditions={"off": [], "on": ["x=1"]},
        evaluate=[],
        leave_out="-[1-5]$",
        metrics=["val/shape/trained"],
        baselines={"raw pixels": "pixels"},
    )
