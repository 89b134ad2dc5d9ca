"""A checkpoint says which versions of parts it holds."""

import pytest

from nsca.errors import UserError
from nsca.phases.part_versions import (
    PART_VERSIONS,
    VERSIONS,
    check_part_versions,
    part_versions,
)


def test_versions_are_those_of_the_code_and_one_where_none_was_raised():
    assert part_versions(["vision", "dynamics"]) == {"vision": 1, "dynamics": VERSIONS["dynamics"]}


def test_another_version_is_refused_and_only_of_what_is_taken():
    then = {PART_VERSIONS: {"vision": 1, "dynamics": 1}}
    check_part_versions(then, ["vision"], "a run")
    with pytest.raises(UserError, match="a run holds version 1 of the part dynamics"):
        check_part_versions(then, ["vision", "dynamics"], "a run")
    check_part_versions({PART_VERSIONS: part_versions(VERSIONS)}, VERSIONS, "a run")


def test_what_says_nothing_is_of_the_first_version():
    check_part_versions({}, ["vision"], "a run")
    with pytest.raises(UserError, match="version 1"):
        check_part_versions({}, ["dynamics"], "a run")
