"""`python -m worker.jobs`, the Procfile's `jobs`."""

import gc
import sys


def start() -> int:
    gc.disable()  # what is imported stays; looking through it takes a seventh of the start
    from worker.jobs.process import main

    gc.freeze()
    gc.enable()
    return main()


if __name__ == "__main__":
    sys.exit(start())
