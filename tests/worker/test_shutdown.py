"""A stop sign for threads and signal handlers."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from tests.waiting import PATIENCE
from worker.shutdown import Shutdown


def test_it_is_down_at_first():
    shutdown = Shutdown()
    assert not shutdown.is_set() and shutdown.wait(0.001) is False


def test_once_it_is_up_nobody_waits():
    shutdown = Shutdown()
    shutdown.set()
    assert shutdown.is_set() and shutdown.wait(PATIENCE) and shutdown.wait(PATIENCE)


def test_all_who_wait_are_woken():
    shutdown = Shutdown()
    waiting = [threading.Thread(target=shutdown.wait, args=[PATIENCE]) for _ in range(5)]
    for thread in waiting:
        thread.start()
    shutdown.set()
    for thread in waiting:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in waiting)


@pytest.fixture
def shutdown() -> Iterator[Shutdown]:
    made = Shutdown()
    before = signal.signal(signal.SIGUSR1, lambda *_: made.set())
    yield made
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_handler_puts_it_up_while_the_main_thread_waits(shutdown: Shutdown):
    timer = threading.Timer(0.01, os.kill, [os.getpid(), signal.SIGUSR1])
    timer.start()
    assert shutdown.wait(PATIENCE)
    timer.join()
