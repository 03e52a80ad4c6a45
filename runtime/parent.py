"""A process that ends with its parent, even when that is killed.

Linux only: elsewhere a closed pipe has to do. `worker/tools/leash.py` asks the kernel for the same
by itself, since it runs as a script with the standard library alone.
"""

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
# Loaded at once: a new process may ask between fork and exec, where nothing can be loaded.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def end_with_parent() -> bool:
    """Have the kernel send this process SIGTERM when its parent ends. False where it can't.

    It says nothing of a parent that has ended before: compare `os.getppid()` afterwards.
    """
    return _prctl is not None and _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM) == 0
