import json

import pytest

from nsca.errors import UserError
from nsca.pipelines.journal import Journal, State, StepRecord

DONE = StepRecord(State.DONE, "f" * 64, "outputs/gate/balloon/1", 12.5)


def test_what_was_written_is_read_again(tmp_path):
    Journal(tmp_path).write("balloon", DONE)
    journal = Journal(tmp_path)
    journal.write("vision", StepRecord(State.RUNNING, "e" * 64, process=7))
    assert Journal(tmp_path).records == {
        "balloon": DONE,
        "vision": StepRecord(State.RUNNING, "e" * 64, None, 0.0, "", 7),
    }
    assert [path.name for path in tmp_path.iterdir()] == ["steps.json"], "nothing half-written"


@pytest.mark.parametrize("content", ["{", "[]", '{"a": {"state": "gone"}}', '{"a": {"x": 1}}'])
def test_a_damaged_file_is_named(tmp_path, content: str):
    (tmp_path / "steps.json").write_text(content)
    with pytest.raises(UserError, match="damaged"):
        Journal(tmp_path)


def test_it_is_plain_json(tmp_path):
    Journal(tmp_path).write("balloon", DONE)
    content = json.loads((tmp_path / "steps.json").read_text())
    assert content["balloon"]["state"] == "done"
    assert content["balloon"]["run"] == DONE.run
