import json

import pytest

from nsca.gates.verdict import Kind, Verdict


def verdict(kind: Kind = Kind.PASS) -> Verdict:
    return Verdict(kind, "gain {gain:+.1f} points", {"gain": 21.5, "low": float("-inf")})


def test_text_follows_from_the_figures():
    assert verdict().text == "gain +21.5 points"
    with pytest.raises(ValueError, match="wants a figure 'loss'"):
        Verdict(Kind.FAIL, "lost {loss:.1f}", {"gain": 1.0})


@pytest.mark.parametrize("kind", list(Kind))
def test_only_a_pass_has_passed(kind):
    assert verdict(kind).passed == (kind == "pass")
    assert verdict(kind).group in ("pass", "fail", "uninterpretable", "smoke")


def test_groups():
    groups = {str(kind): verdict(kind).group for kind in Kind}
    assert [k for k, group in groups.items() if group == "fail"] == [
        "weak", "no_effect", "harmful", "fail",
    ]  # fmt: skip
    assert groups["ceiling"] == groups["floor"] == groups["control_misbehaved"] == "uninterpretable"


def test_a_smoke_run_never_passes_and_says_so():
    smoke = verdict().as_smoke()
    assert not smoke.passed
    assert smoke.kind == "smoke"
    assert smoke.text.startswith("Smoke run, no verdict.")
    assert "gain +21.5 points" in smoke.text


def test_it_survives_a_file(tmp_path):
    verdict().write(tmp_path / "verdict.json")
    again = Verdict.read(tmp_path / "verdict.json")
    assert again == verdict()
    assert json.loads((tmp_path / "verdict.json").read_text())["passed"] is True


@pytest.mark.parametrize(
    ("key", "value"), [("passed", False), ("text", "gain +99"), ("figures", {"gain": 99.0})]
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path, key, value):
    path = tmp_path / "verdict.json"
    verdict().write(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(ValueError, match="does not follow"):
        Verdict.read(path)


@pytest.mark.parametrize("content", ['{"kind": "pass"}', "{}"])
def test_a_file_that_is_no_verdict_is_refused(tmp_path, content):
    path = tmp_path / "verdict.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="no verdict"):
        Verdict.read(path)
