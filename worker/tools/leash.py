"""`python leash.py PARENT COMMAND ARGUMENTS...`: become a program that dies with its parent.

An MCP server is asked to end when its turn does. But if this process is killed, none asks: a
server that doesn't notice would stay for ever. Linux has a signal for that; elsewhere the server's
closed standard input has to do.

A script, because the MCP library starts the program itself and offers no step between fork and
exec; with the standard library alone (`runtime/parent.py` is out of its reach), so that it costs
milliseconds.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> int:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            return 1
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
