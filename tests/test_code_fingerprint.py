from pathlib import Path

import pytest

from nsca import code_fingerprint as subject
from nsca.code_fingerprint import code_fingerprint


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """nsca.a imports nsca.b inside a function; nsca.c is imported by nobody."""
    (tmp_path / "a.py").write_text("def f():\n    from nsca.b import g\n    return g()\n")
    (tmp_path / "b.py").write_text("from nsca import a\ndef g():\n    return 1\n")
    (tmp_path / "c.py").write_text("x = 1\n")

    def module_file(module: str) -> Path | None:
        path = tmp_path / f"{module.removeprefix('nsca.')}.py"
        return path if path.exists() else None

    monkeypatch.setattr(subject, "module_file", module_file)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "text", "changes"),
    [
        ("b.py", "from nsca import a\ndef g():\n    return 2\n", True),
        ("a.py", "from nsca.b import g\ndef f():\n    return g()\n", True),
        (
            "b.py",
            '"""Doc."""\nfrom nsca import a\n# why\ndef g():\n    """d"""\n    return 1',
            False,
        ),
        ("c.py", "x = 2\n", False),
    ],
)
def test_it_changes_with_code_that_is_reached_and_with_nothing_else(package, file, text, changes):
    before = code_fingerprint(["nsca.a"])
    (package / file).write_text(text)
    assert (code_fingerprint(["nsca.a"]) != before) == changes


def test_real_modules_are_found():
    assert code_fingerprint(["nsca.gates.run"]) != code_fingerprint(["nsca.statistics"])
    assert code_fingerprint(["json"]) == code_fingerprint([])
