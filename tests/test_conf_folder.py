import shutil

import pytest

from nsca import conf_folder
from nsca.errors import UserError


def test_a_checkout_and_a_wheel_both_have_it_and_nothing_else_does(tmp_path, monkeypatch):
    package = tmp_path / "site" / "nsca"
    package.mkdir(parents=True)
    real = conf_folder.config_directory()
    monkeypatch.setattr(conf_folder, "__file__", str(package / "conf_folder.py"))
    with pytest.raises(UserError, match="missing"):
        conf_folder.config_directory()
    shutil.copytree(real, package / "conf")
    assert conf_folder.config_directory() == package / "conf"
    shutil.copytree(real, tmp_path / "site" / "conf")
    assert conf_folder.config_directory() == tmp_path / "site" / "conf"
