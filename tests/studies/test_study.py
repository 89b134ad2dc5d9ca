"""A table that was made otherwise is not continued."""

import pytest

from nsca.errors import UserError
from nsca.job_table import Job, JobTable
from nsca.studies.study import refuse


def test_what_was_made_otherwise_is_named_with_the_remedy(tmp_path):
    table = JobTable(tmp_path / "results.csv", ("settings",))
    refuse("settings", {}, table)
    with pytest.raises(
        UserError, match=r"1 finished jobs, such as on seed=3.*other data \(old\)"
    ) as no:
        refuse("data", {Job("on", 3): "old"}, table)
    assert str(tmp_path) in no.value.remedy
