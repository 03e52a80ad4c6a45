"""Keeping the Procfile's processes running: start them, label what they print, start again what
died, stop them all.

Made of honcho's parts. Its manager stops everything when one process ends; here the rest runs on.
"""

import os
import queue
import select
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from honcho.colour import get_colours
from honcho.printer import Message, Printer

from runtime.backoff import Backoff
from runtime.parent import end_with_parent

NAME = "run"  # the label of our own lines
RELEASE = "release"  # runs to its end before the others start
LAST = "redis"  # stopped after the others, which give back in it what they hold
GRACE_SECONDS = 15.0
LINES_SECONDS = 2.0  # how long the last lines of a process that has ended may take to come


@dataclass(frozen=True)
class Event:
    """What the threads that watch a child, and signals, report to the main thread."""

    kind: Literal["line", "ended", "signal"]
    name: str = NAME  # of the child
    data: bytes = b""  # line: what the child has printed
    number: int = 0  # signal: which one


class Child:
    """One line of the Procfile, started as often as need be. Used from the main thread only: on
    Linux a child ends with the thread that started it."""

    def __init__(
        self, name: str, command: str, colour: str | None, tell: Callable[[Event], None]
    ) -> None:
        self.name, self.colour = name, colour
        self.due_at: float | None = None  # monotonic: when to start it (again)
        self._command, self._tell = command, tell
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._backoff = Backoff(first=1, factor=2)

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, now: float) -> int:
        """Start it in a session of its own, so that Ctrl-C reaches this program alone. Returns the
        process id."""
        self.due_at, self._started_at = None, now
        parent = os.getpid()
        self._process = process = subprocess.Popen(
            # exec: the shell must not stand between a signal and the program it is meant for.
            f"exec {self._command}",
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: _end_with(parent),
        )
        reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        reader.start()
        threading.Thread(target=self._wait, args=(process, reader), daemon=True).start()
        return process.pid

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout
        with process.stdout as lines:
            for line in lines:
                self._tell(Event("line", self.name, line))

    def _wait(self, process: "subprocess.Popen[bytes]", reader: threading.Thread) -> None:
        """Report the end, after the last line that was printed. Where the system can, leave the
        dead process in place: until `bury` takes it away its id can't go to another one."""
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        else:
            process.wait()
        _signal(process, signal.SIGKILL, group=True)  # what it leaves behind, which could print on
        reader.join(LINES_SECONDS)
        self._tell(Event("ended", self.name))

    def bury(self) -> int:
        """Take the ended process away from the system. Returns its return code."""
        assert self._process
        code = self._process.wait()
        self._process = None
        return code

    def signal(self, number: signal.Signals, *, group: bool = False) -> None:
        """To the process, which knows how to stop those it has started, or to all of them."""
        if self._process:
            _signal(self._process, number, group=group)

    def back_off(self, now: float) -> float:
        """Plan the next start. Returns the seconds until then."""
        self._backoff = self._backoff.advance(now - self._started_at)
        wait = self._backoff.delay()
        self.due_at = now + wait
        return wait


class Processes:
    """All of them. `run` does everything on the main thread and returns when all have ended."""

    def __init__(
        self,
        commands: Mapping[str, str],
        *,
        grace: float = GRACE_SECONDS,
    ) -> None:
        # SimpleQueue: a signal handler may put into it while the main thread waits at it.
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._printer: Any = Printer(sys.stdout, width=max(len(name) for name in (NAME, *commands)))
        colours = get_colours()
        self._children = {
            name: Child(name, command, next(colours), self._events.put)
            for name, command in commands.items()
        }
        self._grace = grace
        self._kill_at: float | None = None  # monotonic; set once we are stopping
        self._exit_code = 0

    def say(self, text: str) -> None:
        """Print lines of our own. From any thread."""
        self._events.put(Event("line", data=text.encode()))

    def run(self, when_started: Callable[[], None] = lambda: None) -> int:
        """Run until a signal, or until a process says that its configuration is wrong.

        `when_started` is called on a thread of its own once all are on their way. Returns the exit
        code: 0 after SIGINT, SIGTERM or SIGHUP, EX_CONFIG, or that of a release that failed.
        """
        self._listen()
        threading.Thread(target=self._watch_reader, daemon=True).start()
        release = self._children.pop(RELEASE, None)
        if release is None or self._release(release):
            for child in self._children.values():
                child.due_at = time.monotonic()
            threading.Thread(target=when_started, daemon=True).start()
            while not self._finished:
                self._start_due()
                self._handle(self._next_event())
        self._print_rest()
        return self._exit_code

    def _listen(self) -> None:
        """SIGHUP means that the terminal was closed, and stays ignored under nohup. A script that
        starts us with & has SIGINT ignored, too, but who sends it means it."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            signal.signal(number, lambda n, frame: self._events.put(Event("signal", number=n)))

    def _watch_reader(self) -> None:
        """Report that our output has no reader any more, as in `./run | head`: the reader may leave
        just after our last line, and the next one may be hours away. Where poll() does not say so
        (it does on Linux), that next line finds out. Only a pipe has a reader that can leave."""
        output = sys.stdout.fileno()
        if stat.S_ISFIFO(os.fstat(output).st_mode):
            poll = select.poll()
            poll.register(output, 0)  # whatever is asked for, it reports errors
            poll.poll()
            self._events.put(Event("signal", number=signal.SIGHUP))

    def _release(self, release: Child) -> bool:
        """Run the Procfile's release command. False if the others must not start."""
        others, self._children = self._children, {RELEASE: release}
        release.start(time.monotonic())
        while release.running:
            event = self._next_event()
            if event and event.kind == "ended":
                self._exit_code = release.bury()
            else:
                self._handle(event)
        self._children = others
        if self._exit_code and not self._stopping:
            self._print(NAME, f"{RELEASE} {_say_how(self._exit_code)}, so nothing else was started")
        if self._exit_code < 0:
            self._exit_code = 0 if self._stopping else 1
        return not self._exit_code and not self._stopping

    @property
    def _stopping(self) -> bool:
        return self._kill_at is not None

    @property
    def _finished(self) -> bool:
        return self._stopping and not self._others_running and not self._is_running(LAST)

    @property
    def _others_running(self) -> bool:
        return any(self._is_running(name) for name in self._children if name != LAST)

    def _is_running(self, name: str) -> bool:
        return name in self._children and self._children[name].running

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children.values():
            if child.due_at is not None and child.due_at <= now:
                self._print(NAME, f"{child.name} started (process {child.start(now)})")

    def _next_event(self) -> Event | None:
        """The next event, None when it is time to look at the clock."""
        times = [child.due_at for child in self._children.values() if child.due_at is not None]
        if self._kill_at is not None:
            times.append(self._kill_at)
        try:
            wait = max(0.0, min(times) - time.monotonic()) if times else None
            return self._events.get(timeout=wait)
        except queue.Empty:
            return None

    def _handle(self, event: Event | None) -> None:
        if event is None:
            if self._kill_at is not None and time.monotonic() >= self._kill_at:
                self._kill()
        elif event.kind == "line":
            self._print(event.name, event.data.decode(errors="replace"))
        elif event.kind == "ended":
            self._handle_exit(self._children[event.name])
        elif not self._stopping:
            self._stop()
        elif event.number != signal.SIGHUP:
            self._kill()

    def _handle_exit(self, child: Child) -> None:
        code = child.bury()
        if self._stopping:
            self._print(NAME, f"{child.name} stopped")
            self._stop_last()
        elif code == os.EX_CONFIG:
            self._exit_code = code
            self._print(NAME, f"{child.name} can't run with this configuration, see above")
            self._stop()
        else:
            wait = child.back_off(time.monotonic())
            self._print(NAME, f"{child.name} {_say_how(code)}, starting it again in {wait:g} s")

    def _stop(self) -> None:
        self._kill_at = time.monotonic() + self._grace
        self._print(NAME, "stopping; Ctrl-C again to stop at once")
        for name, child in self._children.items():
            child.due_at = None
            if name != LAST:
                child.signal(signal.SIGTERM)
        self._stop_last()

    def _stop_last(self) -> None:
        if self._is_running(LAST) and not self._others_running:
            self._children[LAST].signal(signal.SIGTERM)

    def _kill(self) -> None:
        self._kill_at = time.monotonic() + self._grace
        for child in self._children.values():
            if child.running:
                self._print(NAME, f"killing {child.name}")
                child.signal(signal.SIGKILL, group=True)

    def _print_rest(self) -> None:
        """Print what was said before the end and not yet printed."""
        with suppress(queue.Empty):
            while event := self._events.get_nowait():
                if event.kind == "line":
                    self._handle(event)

    def _print(self, name: str, text: str) -> None:
        """The reader may be gone: the terminal was closed, or the program we write to ended."""
        colour = self._children[name].colour if name in self._children else None
        try:
            self._printer.write(Message("line", text, datetime.now(), name, colour))
        except OSError:
            self._events.put(Event("signal", number=signal.SIGHUP))


def _say_how(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals, *, group: bool) -> None:
    """It may just have ended; macOS answers EPERM for a group of dead processes."""
    with suppress(ProcessLookupError, PermissionError):
        (os.killpg if group else os.kill)(process.pid, number)


def _end_with(parent: int) -> None:
    """In the new process, before it becomes the program: end when the parent ends, even when that
    is killed. Linux only; elsewhere the children stay and the next start finds the port in use."""
    if end_with_parent() and os.getppid() != parent:
        os._exit(1)
