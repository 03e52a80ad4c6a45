"""Logging: one line an event on standard output, where ./run, systemd or a platform collects it.
The latest ones go to Redis as well, where the panel finds them."""

import logging
import re
import sys
from collections.abc import Mapping

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config import Config
from store.redis.logs import Tail

HIDDEN = "[hidden]"
SECRETS = frozenset(
    {"qr", "code", "token", "secret", "key", "apikey", "password", "passphrase"}
    | {"cookie", "authorization"}
)
HARMLESS = frozenset({"reason_code", "status_code", "exit_code", "error_code"})
# Chatty at INFO, and the library's Go side formats every node it is asked to show.
# The HTTP clients tell whole addresses, which may hold keys.
QUIET = (
    *("neonize", "whatsmeow", "Whatsmeow", "urllib3", "alembic", "rq"),
    *("httpx", "httpx2", "httpcore", "httpcore2", "mcp"),
)

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


def setup(config: Config, process: str) -> None:
    """Send everything logged in this process, ours and the libraries', to standard output, and a
    copy of what is not chatter to Redis.

    Call it first thing in a process, before neonize is imported: that would configure logging in
    its own way. `process` is the Procfile's name and stands in every JSON line; on the console the
    name and the time are left to the collector of the lines.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.StackInfoRenderer(),
        catch,
        redact,
    ]
    output, tail = logging.StreamHandler(sys.stdout), Tail(config.redis, process)
    output.setFormatter(_make_formatter(shared, _list_renderers(config, process)))
    tail.setFormatter(_make_formatter(shared, [structlog.processors.format_exc_info, _make_json()]))
    logging.basicConfig(handlers=[output, tail], level=config.log_level, force=True)
    logging.captureWarnings(True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def catch(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Hold on to the exception at work: who writes the line may do so in another thread."""
    if event.get("exc_info") is True:
        event["exc_info"] = sys.exc_info()
    return event


def redact(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Hide the text of fields that are named like a secret, however deep. Numbers stay: they count
    tokens or are exit codes."""
    return {name: _redact(name, value) for name, value in event.items()}


def _redact(name: str, value: object) -> object:
    if isinstance(value, Mapping):
        return {inner: _redact(str(inner), item) for inner, item in value.items()}
    if not is_secret(name) or isinstance(value, bool | int | float | None):
        return value
    return HIDDEN


def is_secret(name: str) -> bool:
    """Whether a field's name says that its value must not be seen: api_key, pairingCode, QR."""
    if name.lower() in HARMLESS:
        return False
    return any(word.lower().removesuffix("s") in SECRETS for word in _WORDS.findall(name))


def _make_formatter(shared: list[Processor], renderers: list[Processor]) -> logging.Formatter:
    without_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[without_meta, *renderers]
    )


def _make_json() -> Processor:
    return structlog.processors.JSONRenderer(default=str, ensure_ascii=False)


def _list_renderers(config: Config, process: str) -> list[Processor]:
    """Tracebacks are plain in both: the prettier ones print local variables, secrets included."""
    if config.log_format == "console":
        console = structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(),
            pad_event_to=0,
            exception_formatter=structlog.dev.plain_traceback,
        )
        return [console]

    def add_process(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return [
        add_process,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _make_json(),
    ]
