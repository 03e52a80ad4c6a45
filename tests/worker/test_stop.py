"""A stop sign for threads and signal handlers."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from tests.waiting import PATIENCE
from worker.stop import Stop


def test_it_is_down_at_first():
    stop = Stop()
    assert not stop.is_set() and stop.wait(0.001) is False


def test_once_it_is_up_nobody_waits():
    stop = Stop()
    stop.set()
    assert stop.is_set() and stop.wait(PATIENCE) and stop.wait(PATIENCE)


def test_all_who_wait_are_woken():
    stop = Stop()
    waiting = [threading.Thread(target=stop.wait, args=[PATIENCE]) for _ in range(5)]
    for thread in waiting:
        thread.start()
    stop.set()
    for thread in waiting:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in waiting)


@pytest.fixture
def stop() -> Iterator[Stop]:
    stop = Stop()
    before = signal.signal(signal.SIGUSR1, lambda *_: stop.set())
    yield stop
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_handler_puts_it_up_while_the_main_thread_waits(stop: Stop):
    timer = threading.Timer(0.01, os.kill, [os.getpid(), signal.SIGUSR1])
    timer.start()
    assert stop.wait(PATIENCE)
    timer.join()
