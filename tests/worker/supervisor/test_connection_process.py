"""The supervisor's handle on a real connection process, ended before it has loaded the library."""

import queue
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.waiting import PATIENCE
from worker.ipc import Order, PipeEvent, Report
from worker.supervisor.connection_process import ConnectionProcess

Start = Callable[[str], ConnectionProcess]


class Reports:
    """What arrives in the thread that reads the pipe."""

    def __init__(self) -> None:
        self.taken: queue.SimpleQueue[tuple[ConnectionProcess, PipeEvent]] = queue.SimpleQueue()

    def take(self, process: ConnectionProcess, event: PipeEvent) -> None:
        self.taken.put((process, event))

    def wait_for_exit(self, process: ConnectionProcess) -> int:
        """The exit code. Fails if anything is reported before it."""
        source, event = self.taken.get(timeout=PATIENCE)
        assert source is process and event.name == Report.EXITED
        return int(event.arguments["code"])


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def start(reports: Reports) -> Iterator[Start]:
    started: list[ConnectionProcess] = []

    def start(mode: str) -> ConnectionProcess:
        process = ConnectionProcess(mode=mode, fence=1, phone=None, on_event=reports.take)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


def test_its_exit_code_is_the_last_report(start: Start, reports: Reports) -> None:
    process = start("no such mode")
    assert process.pid > 0 and process.fence == 1
    assert reports.wait_for_exit(process) == 2  # as argparse says it


def test_it_can_be_killed_more_than_once(start: Start, reports: Reports) -> None:
    process = start("resume")
    process.kill()
    process.kill()
    assert reports.wait_for_exit(process) == -signal.SIGKILL


def test_it_is_killed_when_it_does_not_leave_in_time(start: Start, reports: Reports) -> None:
    process = start("resume")
    process.end(grace=0)
    code = reports.wait_for_exit(process)
    assert code in (-signal.SIGTERM, -signal.SIGKILL)


def test_an_order_to_one_that_has_left_is_no_error(start: Start, reports: Reports) -> None:
    process = start("resume")
    process.kill()
    reports.wait_for_exit(process)
    process.send(Order.STOP)
    process.end()
