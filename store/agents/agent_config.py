"""Writing a config.yml: some keys are changed, the rest stays to the byte.

A value on one line is replaced where it stands. Only what can't be done that way goes through the
YAML library, which keeps comments and the order of keys but may fold lines anew.
"""

import re
from collections.abc import Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

Value = str | bool | None

# A value with or without quotes, up to a comment or the line's end.
_SCALAR = re.compile(r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|.*?(?=\s+#|\s*$)""")
_PLAIN = re.compile(r"[A-Za-z][\w./-]*", re.ASCII)


def with_keys(text: str, wanted: Mapping[str, Value]) -> str:
    """The text of a valid config.yml with these top-level keys; None takes a key away."""
    for key, value in wanted.items():
        before = _parse_plain(text)
        if before.get(key) != value:
            text = _change_value(text, before, key, value)
    return text


def _change_value(text: str, before: Mapping[str, Any], key: str, value: Value) -> str:
    after = {name: each for name, each in before.items() if name != key}
    if value is not None:
        after[key] = value
    tree = _make_rules().load(text) or CommentedMap()
    by_line = _replace_line(text, tree, key, value) if key in tree else _add_line(text, key, value)
    return by_line if _says(by_line, after) else _by_library(tree, key, value)


def _add_line(text: str, key: str, value: Value) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    gap = end if text and not text.endswith("\n") else ""
    return f"{text}{gap}{key}: {_write_value(value)}{end}"


def _replace_line(text: str, tree: CommentedMap, key: str, value: Value) -> str:
    lines = re.split(r"(?<=\n)", text)
    if value is None:
        del lines[tree.lc.key(key)[0]]
        return "".join(lines)
    number, column = tree.lc.value(key)
    before, rest = lines[number][:column], lines[number][column:]
    old = _SCALAR.match(rest)
    gap = " " if before.endswith(":") else ""
    lines[number] = f"{before}{gap}{_write_value(value)}{rest[old.end() if old else 0 :]}"
    return "".join(lines)


def _by_library(tree: CommentedMap, key: str, value: Value) -> str:
    if value is None:
        tree.pop(key, None)
    else:
        tree[key] = value
    stream = StringIO()
    _make_rules().dump(tree, stream)
    return stream.getvalue()


def _says(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return bool(_parse_plain(text) == wanted)
    except Exception:  # the library raises all sorts of things
        return False


def _parse_plain(text: str) -> Mapping[str, Any]:
    return YAML(typ="safe").load(text) or {}


def _write_value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value or ""
    return text if _PLAIN.fullmatch(text) else "'" + text.replace("'", "''") + "'"


def _make_rules() -> YAML:
    rules = YAML()
    rules.preserve_quotes = True
    rules.width = 4096  # characters: long lines stay lines
    return rules
