"""A table that was made otherwise is not continued."""

import pytest

from nsca.errors import UserError
from nsca.job_table import Job, JobTable
from nsca.studies.study import refuse


@pytest.fixture
def table(tmp_path) -> JobTable:
    """One finished job, on seed 3, of data `old`."""
    found = JobTable(tmp_path / "results.csv", ("data",))
    found.add(Job("on", 3), {"accuracy": 0.5}, {"data": "old"})
    return found


def test_what_was_made_otherwise_is_named_with_the_remedy(table, tmp_path):
    refuse("data", {Job("on", 3): "old", Job("on", 4): "old"}, table)
    with pytest.raises(
        UserError, match=r"1 finished jobs, such as on seed=3.*other data \(old\)"
    ) as no:
        refuse("data", {Job("on", 3): "new"}, table)
    assert str(tmp_path) in no.value.remedy


def test_a_command_with_fewer_conditions_is_told_so_and_not_that_settings_differ(table):
    with pytest.raises(UserError, match="on seed=3, are none of those") as no:
        refuse("data", {Job("off", 3): "old"}, table)
    assert "experiments=" in no.value.remedy
