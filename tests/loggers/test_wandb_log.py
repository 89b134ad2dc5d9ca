from pathlib import Path

import pytest

from nsca.errors import UserError
from nsca.loggers.wandb_log import WandbLog, logged_in


def test_a_machine_without_a_key_is_not_logged_in(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    assert not logged_in()
    file = tmp_path / ".netrc"
    file.write_text("machine api.wandb.ai login user password dummy\n")
    file.chmod(0o600)
    assert logged_in()
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert not logged_in()


def test_the_missing_package_is_named(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "wandb", None)
    with pytest.raises(UserError) as error:
        WandbLog(tmp_path, project="nsca")
    assert "nsca[wandb]" in error.value.remedy
