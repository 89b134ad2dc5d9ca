import os
import signal
import subprocess
import sys
import threading

import pytest

from nsca.stop_signals import graceful_stop


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_and_handlers_are_put_back(number: int, capfd):
    before, asked = signal.getsignal(number), []
    with graceful_stop(asked.append):
        os.kill(os.getpid(), number)
        assert asked == [number]
    assert signal.getsignal(number) is before
    assert "finishing this step" in capfd.readouterr().err


def test_what_happens_now_is_said_in_the_callers_words(capfd):
    with graceful_stop(lambda _: None, "ending the jobs"):
        os.kill(os.getpid(), signal.SIGTERM)
    assert capfd.readouterr().err == "SIGTERM: ending the jobs; once more leaves at once\n"


def test_nothing_is_said_where_another_process_says_it(capfd):
    asked: list[int] = []
    with graceful_stop(asked.append, None):
        os.kill(os.getpid(), signal.SIGTERM)
    assert asked == [signal.SIGTERM]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_the_process_at_once(second: int):
    script = f"""
import os, signal
from nsca.stop_signals import graceful_stop
with graceful_stop(lambda _: None):
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), {int(second)})
    raise SystemExit(0)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True)
    assert done.returncode == 128 + second


def test_signals_that_a_library_took_can_be_taken_again():
    asked, taken = [], []
    with graceful_stop(asked.append) as take:
        signal.signal(signal.SIGTERM, lambda number, _: taken.append(number))
        os.kill(os.getpid(), signal.SIGTERM)
        take()
        os.kill(os.getpid(), signal.SIGTERM)
    assert (taken, asked) == ([signal.SIGTERM], [signal.SIGTERM])


def test_outside_the_main_thread_nothing_changes():
    before, seen = signal.getsignal(signal.SIGTERM), []

    def work() -> None:
        with graceful_stop(lambda _: None):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
