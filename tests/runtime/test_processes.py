"""What keeps the Procfile's processes running, on processes that are quick to start and to end."""

import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from runtime.processes import Child
from tests.services.processes import Spawned, Spawner
from tests.waiting import until

DRIVER = """
import sys
from runtime.processes import Processes
commands = dict(line.split(": ", 1) for line in sys.argv[2:])
processes = Processes(commands, grace=float(sys.argv[1]))
sys.exit(processes.run(lambda: processes.say("all are on their way")))
"""
WAIT = "sleep 1000"
STUBBORN = "sh -c 'trap \"\" TERM; echo ready; while true; do sleep 1; done'"

Start = Callable[..., Spawned]


@pytest.fixture
def start(spawn: Spawner) -> Start:
    """start(web="sleep 1000") runs these processes, as the lines of a Procfile would be."""

    def start(grace: float = 15, **commands: str) -> Spawned:
        lines = [f"{name}: {command}" for name, command in commands.items()]
        return spawn("-c", DRIVER, str(grace), *lines)

    return start


def pids(runner: Spawned, name: str) -> list[int]:
    """The ids of all processes that were started by that name, in order."""
    return [int(pid) for pid in re.findall(rf"{name} started \(process (\d+)\)", runner.output())]


def started(runner: Spawned, name: str, times: int = 1) -> int:
    return until(lambda: pids(runner, name)[times - 1 :], f"start {times} of {name}")[0]


def is_alive(pid: int) -> bool:
    """Whether it runs; one that is dead and not yet buried does not."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def test_every_line_wears_the_name_of_its_process(start):
    runner = start(web="sh -c 'echo one; echo two >&2; exec sleep 1000'", jobs=WAIT)
    runner.wait_for("two")
    assert re.search(r"^\d\d:\d\d:\d\d web  \| one$", runner.output(), re.MULTILINE)
    assert re.search(
        r"^\d\d:\d\d:\d\d run  \| all are on their way$", runner.output(), re.MULTILINE
    )


def test_one_that_is_killed_starts_again_and_the_others_run_on(start):
    runner = start(web=WAIT, jobs=WAIT)
    jobs = started(runner, "jobs")
    os.kill(started(runner, "web"), signal.SIGKILL)
    runner.wait_for("web was ended by SIGKILL, starting it again in 1 s")
    started(runner, "web", times=2)
    assert pids(runner, "jobs") == [jobs]


def test_one_that_ends_by_itself_starts_again(start):
    runner = start(web="sh -c 'exit 3'")
    runner.wait_for("web ended with code 3, starting it again in 1 s")
    runner.wait_for("web ended with code 3, starting it again in 2 s")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_and_redis_last(start, number):
    runner = start(redis=WAIT, web=WAIT, worker=WAIT)
    everyone = [started(runner, name) for name in ("redis", "web", "worker")]
    runner.popen.send_signal(number)
    assert runner.wait() == 0
    assert not any(map(is_alive, everyone))
    stops = re.findall(r"(\w+) stopped", runner.output())
    assert sorted(stops) == ["redis", "web", "worker"] and stops[-1] == "redis"


def test_what_is_written_while_stopping_is_printed(start):
    runner = start(web="sh -c 'trap \"echo farewell; exit\" TERM; echo ready; sleep 1000 & wait'")
    runner.wait_for("ready")
    runner.stop()
    assert "farewell" in runner.output()


def test_one_that_does_not_stop_in_time_is_killed(start):
    runner = start(grace=0.1, web=STUBBORN)
    runner.wait_for("ready")
    assert runner.stop() == 0
    assert "killing web" in runner.output()


def test_the_second_ctrl_c_kills_at_once(start):
    runner = start(grace=1000, redis=WAIT, web=STUBBORN)
    runner.wait_for("ready")
    runner.popen.send_signal(signal.SIGINT)
    runner.wait_for("stopping")
    runner.popen.send_signal(signal.SIGINT)
    assert runner.wait() == 0
    assert "killing web" in runner.output()


def test_closing_the_terminal_and_then_ending_us_kills_nobody(start):
    """A terminal that closes sends SIGHUP more than once."""
    quits = "sh -c 'trap \"sleep 0.2; exit\" TERM; echo ready; sleep 1000 & wait'"
    runner = start(web=quits)
    runner.wait_for("ready")
    runner.popen.send_signal(signal.SIGHUP)
    runner.wait_for("stopping")
    runner.popen.send_signal(signal.SIGHUP)
    assert runner.wait() == 0
    assert "killing" not in runner.output()


@pytest.fixture
def start_ignoring(spawn: Spawner) -> Start:
    """The same, by somebody who has one of the signals ignored."""

    def start(name: str, **commands: str) -> Spawned:
        lines = [f"{name}: {command}" for name, command in commands.items()]
        ignoring = f"trap '' {name}; exec \"$@\""
        return spawn("sh", "-c", ignoring, "sh", sys.executable, "-c", DRIVER, "15", *lines)

    return start


def test_what_the_tests_ignore_is_not_ignored_by_what_they_start(spawn):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = spawn("sleep", "1000")
    finally:
        signal.signal(signal.SIGHUP, before)
    process.popen.send_signal(signal.SIGHUP)
    assert process.wait() == -signal.SIGHUP


def test_under_nohup_it_survives_the_terminal(start_ignoring):
    runner = start_ignoring("HUP", web="sh -c 'echo ready; exec sleep 1000'")
    runner.wait_for("ready")
    runner.popen.send_signal(signal.SIGHUP)
    os.kill(pids(runner, "web")[0], signal.SIGKILL)
    started(runner, "web", times=2)
    assert "stopping" not in runner.output()
    assert runner.stop() == 0


def test_started_by_a_script_in_the_background_it_heeds_ctrl_c(start_ignoring):
    runner = start_ignoring("INT", web="sh -c 'echo ready; exec sleep 1000'")
    runner.wait_for("ready")
    runner.popen.send_signal(signal.SIGINT)
    assert runner.wait() == 0


def test_a_bad_configuration_stops_everything(start):
    runner = start(redis=WAIT, web=WAIT, worker=f"sh -c 'exit {os.EX_CONFIG}'")
    assert runner.wait() == os.EX_CONFIG
    assert "worker can't run with this configuration" in runner.output()
    assert not is_alive(pids(runner, "web")[0])


def test_release_comes_first(start, tmp_path):
    done = tmp_path / "done"
    runner = start(
        web=f"sh -c 'test -e {done} && echo in order; exec sleep 1000'",
        release=f"sh -c 'echo preparing; touch {done}'",
    )
    assert "release | preparing" in runner.wait_for("in order")
    assert not pids(runner, "release")


def test_nothing_starts_when_release_fails(start):
    runner = start(web=WAIT, release="sh -c 'echo no such table; exit 4'")
    assert runner.wait() == 4
    output = runner.output()
    assert "release | no such table" in output
    assert "release ended with code 4, so nothing else was started" in output
    assert not pids(runner, "web")


def test_a_signal_during_release_ends_it(start):
    runner = start(web=WAIT, release="sh -c 'echo busy; exec sleep 1000'")
    runner.wait_for("busy")
    assert runner.stop() == 0
    assert not pids(runner, "web")


def test_what_a_dead_process_leaves_behind_is_ended(start):
    """As gunicorn's workers, which would keep the port."""
    runner = start(web="sh -c 'sleep 1000 & echo child $!; wait'")
    child = int(re.search(r"child (\d+)", runner.wait_for("child "))[1])
    os.kill(started(runner, "web"), signal.SIGKILL)
    started(runner, "web", times=2)
    assert not is_alive(child)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can promise this")
def test_the_processes_end_when_the_runner_is_killed(start):
    runner = start(web=WAIT, jobs=WAIT)
    everyone = [started(runner, name) for name in ("web", "jobs")]
    runner.kill()
    until(lambda: not any(map(is_alive, everyone)), "the processes to end")


FIRST, LAST = "head -n 1", "grep -q 'all are on their way'"


@pytest.mark.parametrize(
    "reader",
    [
        FIRST,
        pytest.param(
            LAST, marks=pytest.mark.skipif(sys.platform != "linux", reason="the next line tells")
        ),
    ],
)
def test_it_stops_when_nobody_reads_any_more(spawn, tmp_path, reader):
    """As in `./run | head`: nobody would see what happens, or find out how to stop it. Also when
    the reader leaves after the last line that we have to say."""
    script = tmp_path / "reader"
    script.write_text(
        f'"{sys.executable}" -c "$1" 15 "web: {WAIT}" | {reader}; echo "${{PIPESTATUS[0]}}"'
    )
    shell = spawn("bash", str(script), DRIVER)
    assert shell.wait() == 0
    assert shell.output().splitlines()[-1] == "0"


def test_the_wait_doubles_up_to_half_a_minute_and_starts_over_after_a_good_minute():
    child = Child("web", WAIT, None, lambda event: None)
    waits = [child.back_off(now=1.0) for _ in range(8)]
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    assert child.back_off(now=60.0) == 1
    assert child.due_at == 61.0
