"""Which MCP servers an agent may use: `mcp_servers` in its config.yml, read and checked.

mcp_servers:
  files:                          # the name; the model sees files__read_file
    command: npx                  # a program that is started, spoken to over stdio ...
    args: [-y, "@modelcontextprotocol/server-filesystem", /srv/files]
    env: {TOKEN: ...}             # what it gets beside PATH, HOME and the like
    cwd: /srv
    tools: [read_file]            # only these; without the line all
    timeout: 10                   # seconds for one call
  weather:
    url: https://example.org/mcp  # ... or a server that speaks streamable HTTP
    headers: {Authorization: Bearer ...}
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

KEY = "mcp_servers"
TIMEOUT = 30.0  # seconds for one call, unless the server's entry says otherwise
TIMEOUT_MAX = 600.0
SERVERS = 20

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]|_(?!_)){0,31}")
_KNOWN = {"command", "args", "env", "cwd", "url", "headers", "tools", "timeout", "disabled"}
_STDIO_ONLY = ("args", "env", "cwd")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SECRET_FLAG = re.compile(r"-.*(?:key|token|secret|pass|auth|credential)", re.IGNORECASE)
_HIDDEN = "[secret]"
SECRET = 6  # characters that a secret has at least; shorter ones are words such as true
TOKEN = 16  # characters from which on a part of an address is a secret rather than a word

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class McpServer:
    """One server: a command, or an address. Its `repr` shows no more than its name, for the rest
    may be secret."""

    name: str
    command: str | None = field(default=None, repr=False)
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Pairs = field(default=(), repr=False)
    cwd: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    headers: Pairs = field(default=(), repr=False)
    tools: frozenset[str] | None = None  # None where all are allowed
    timeout: float = TIMEOUT  # in seconds, for one call

    def allows(self, tool: str) -> bool:
        return self.tools is None or tool in self.tools

    def scrub(self, text: str) -> str:
        """A text that the server or an error of a library has made, without what the owner wrote
        into the entry: environment, headers, arguments and the address may hold secrets."""
        for secret in sorted(self._secrets(), key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        return text

    def _secrets(self) -> Iterable[str]:
        values = [value for _, value in (*self.env, *self.headers)] + list(
            _list_secret_options(self.args)
        )
        words = [word for value in values for word in (value, *value.split())]
        parts = urlsplit(self.url or "")
        words += [parts.query, parts.password or ""]
        words += [part for part in parts.path.split("/") if len(part) >= TOKEN]
        return {word for word in words if len(word) >= SECRET}


@dataclass(frozen=True)
class McpServers:
    """The servers that can be used, and a sentence about each that can't."""

    servers: tuple[McpServer, ...] = ()
    problems: tuple[str, ...] = ()


class _Unusable(Exception):
    """`str()` is what is wrong with the entry. It repeats no value: that may be a secret."""


def read(config: Mapping[str, Any] | None) -> McpServers:
    """The servers of an agent's config.yml. Problems never stop the agent, or the other servers."""
    entries = (config or {}).get(KEY)
    if entries is None:
        return McpServers()
    if not isinstance(entries, Mapping):
        return McpServers(problems=(f"config.yml: {KEY} must hold names and their servers.",))
    servers, problems = [], []
    for number, (name, entry) in enumerate(entries.items()):
        try:
            if number >= SERVERS:
                raise _Unusable(f"only {SERVERS} servers are used")
            server = _read_server(name, entry)
            servers += [server] if server else []
        except _Unusable as error:
            problems.append(f"config.yml: {KEY}: {str(name)[:40]}: {error}.")
    return McpServers(tuple(servers), tuple(problems))


def _list_secret_options(args: Sequence[str]) -> Iterable[str]:
    """The values of options that are named like a secret: `--api-key x`, `--token=x`."""
    for flag, following in zip(args, [*args[1:], ""], strict=False):
        name, _, value = flag.partition("=")
        if _SECRET_FLAG.match(name):
            yield value or following


def _read_server(name: object, entry: object) -> McpServer | None:
    """None if it is disabled."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _Unusable("a name has up to 32 letters, digits, - and single _")
    if not isinstance(entry, Mapping):
        raise _Unusable("it must hold keys and values, such as command or url")
    given = {key: value for key, value in entry.items() if value is not None}
    # A misspelt `tools` would let the model use all of them.
    if unknown := [str(key)[:40] for key in given if key not in _KNOWN]:
        raise _Unusable(f"unknown key {', '.join(unknown)}")
    if _is_disabled(given):
        return None
    if ("command" in given) == ("url" in given):
        raise _Unusable("it needs either a command or a url")
    connection = _read_stdio(given) if "command" in given else _read_http(given)
    return McpServer(name, **connection, tools=_read_tools(given), timeout=_read_timeout(given))


def _read_stdio(given: Mapping[str, Any]) -> dict[str, Any]:
    if "headers" in given:
        raise _Unusable("headers belong to a url")
    command = _read_text("command", given["command"])
    cwd = given.get("cwd")
    if cwd is not None and not _read_text("cwd", cwd).startswith("/"):
        raise _Unusable("cwd must be an absolute path")
    args = tuple(_read_text("args", arg) for arg in _check_list("args", given.get("args", [])))
    return {"command": command, "args": args, "env": _read_pairs("env", given), "cwd": cwd}


def _read_http(given: Mapping[str, Any]) -> dict[str, Any]:
    if wrong := [key for key in _STDIO_ONLY if key in given]:
        raise _Unusable(f"{', '.join(wrong)} belong to a command")
    url = _read_text("url", given["url"])
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or any(character.isspace() for character in url):
        raise _Unusable("url must begin with https:// or http:// and name a server")
    headers = _read_pairs("headers", given)
    if not all(_HEADER.fullmatch(name) and value.isascii() for name, value in headers):
        raise _Unusable("headers must be names and values in plain ASCII")
    return {"url": url, "headers": headers}


def _read_tools(given: Mapping[str, Any]) -> frozenset[str] | None:
    if "tools" not in given:
        return None
    return frozenset(_read_text("tools", tool) for tool in _check_list("tools", given["tools"]))


def _read_timeout(given: Mapping[str, Any]) -> float:
    seconds = given.get("timeout", TIMEOUT)
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not 0 < seconds <= TIMEOUT_MAX:
        raise _Unusable(f"timeout must be a number of seconds up to {TIMEOUT_MAX:.0f}")
    return float(seconds)


def _is_disabled(given: Mapping[str, Any]) -> bool:
    disabled = given.get("disabled", False)
    if not isinstance(disabled, bool):
        raise _Unusable("disabled must be true or false")
    return disabled


def _check_list(key: str, value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise _Unusable(f"{key} must be a list")
    return value


def _read_pairs(key: str, given: Mapping[str, Any]) -> Pairs:
    value = given.get(key, {})
    if not isinstance(value, Mapping):
        raise _Unusable(f"{key} must hold names and values")
    return tuple((_read_text(key, name), _read_text(key, text)) for name, text in value.items())


def _read_text(key: str, value: object) -> str:
    """YAML reads 8080 as a number and true as a truth: as text both mean what they look like."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise _Unusable(f"{key} must be text")
    text = str(value)
    if (not text and key not in ("args", "env")) or not text.replace("\t", "").isprintable():
        raise _Unusable(f"{key} must be text in one line")
    return text
