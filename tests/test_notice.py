from nsca.notice import notice


def test_it_is_said_on_stderr_and_once(capsys):
    for text in ("slower here", "slower here", "no pictures"):
        notice(text)
    said = capsys.readouterr()
    assert said.err == "notice: slower here\nnotice: no pictures\n"
    assert not said.out


def test_each_test_hears_it_anew(capsys):
    notice("slower here")
    assert "slower here" in capsys.readouterr().err
