"""`python -m worker.connection`, which the supervisor starts."""

import argparse
import logging
import os
import signal
import sys
from typing import Any

import structlog

from config import Config
from core.phone import Phone
from runtime import log as logging_setup
from runtime.parent import end_with_parent
from worker.connection.process import ConnectionRunner
from worker.ipc import PipeWriter

log = structlog.get_logger("[WhatsAppBridge]")


def main() -> None:
    arguments = _parse_arguments()
    config = Config.from_env()
    _keep_stdout()
    logging_setup.setup(config, "connection")
    os.umask(0o077)
    end_with_parent()  # even if a stopped main thread does not notice the closed pipe
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the supervisor too: it decides
    events = PipeWriter(arguments.events)
    phone = Phone(arguments.phone) if arguments.phone else None
    code = 1
    try:
        runner = ConnectionRunner(
            config=config,
            mode=arguments.mode,
            fence=arguments.fence,
            phone=phone,
            events=events,
        )
        signal.signal(signal.SIGTERM, lambda *_: runner.stop())
        runner.run()
        code = 0
    except Exception:
        log.exception("[WhatsAppBridge] The connection process failed")
    finally:
        logging.shutdown()
        os._exit(code)  # the library's threads would keep the interpreter from ending


def _parse_arguments() -> Any:
    parser = argparse.ArgumentParser(description="Started by the worker, not by hand.")
    parser.add_argument("mode", choices=["resume", "link", "code"])
    parser.add_argument("--fence", type=int, required=True)
    parser.add_argument("--events", type=int, required=True, help="descriptor to write events to")
    parser.add_argument("--phone", default="")
    return parser.parse_args()


def _keep_stdout() -> None:
    """Standard output for our log alone: the library's Go side prints there as it likes."""
    sys.stdout = os.fdopen(os.dup(1), "w", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


if __name__ == "__main__":
    main()
