"""Processes of the product as children of the tests: real ones, that can be killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from config import ROOT
from tests.waiting import PATIENCE, until

TAIL_LINES = 60
# Whoever started the tests may have had some of these ignored, and a child inherits that: nohup
# does so with SIGHUP, the & of a script with SIGINT and SIGQUIT.
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


@dataclass
class Spawned:
    """A running process and the file with everything it has printed."""

    name: str
    popen: "subprocess.Popen[bytes]"
    log: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def is_running(self) -> bool:
        return self.popen.poll() is None

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, text: str, patience: float = PATIENCE) -> str:
        """Wait until it has printed `text`; returns all it has printed. Fails at once if it ends
        without."""

        def printed() -> str | None:
            running = self.is_running  # asked first: what it printed at the end counts
            if text in (output := self.output()):
                return output
            assert running, f"{self.name} ended ({self.popen.returncode}) without {text!r}"
            return None

        return until(printed, f"{self.name} to print {text!r}", patience)

    def wait(self) -> int:
        """Wait for its end; returns the exit code."""
        return self.popen.wait(PATIENCE)

    def stop(self) -> int:
        """SIGTERM to it, and wait."""
        self.popen.terminate()
        return self.wait()

    def kill(self) -> None:
        """SIGKILL to it alone, and wait."""
        self.popen.kill()
        self.wait()

    def end(self) -> None:
        """Whatever happens, nothing of it is left: its whole process group is killed."""
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def tail(self) -> str:
        lines = self.output().splitlines()[-TAIL_LINES:]
        return "\n".join([f"----- the end of what {self.name} ({self.pid}) printed", *lines])


class Spawner:
    """Starts processes; `end` kills them by id. `environment` is all they see unless `env` says
    otherwise: nothing of the tests' own environment but the path, and no signal is ignored."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.environment = folder, dict(environment)
        self.spawned: list[Spawned] = []

    def __call__(
        self, *command: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT
    ) -> Spawned:
        """`spawn("-m", "worker.supervisor")` is this Python; anything else is a program on PATH."""
        if command[0].startswith("-"):
            command = (sys.executable, *command)
        name = " ".join(Path(word).name for word in command[:4])
        log = self.folder / f"process-{len(self.spawned)}.log"
        with log.open("wb") as output:
            popen = subprocess.Popen(
                command,
                env={**base_environment(), **self.environment, **(env or {})},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=heed_signals,
            )
        self.spawned.append(Spawned(name, popen, log))
        return self.spawned[-1]

    def end(self) -> None:
        for process in reversed(self.spawned):
            process.end()

    def tails(self) -> str:
        return "\n".join(process.tail() for process in self.spawned)


def heed_signals() -> None:
    """In the new process, before it becomes the program."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def base_environment() -> dict[str, str]:
    """What any program needs; the rest of our own environment is not for the product."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {**kept, "PATH": path, "PYTHONUNBUFFERED": "1"}
