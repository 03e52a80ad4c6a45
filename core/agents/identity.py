"""Writing an IDENTITY.md: its fields are changed in place, every other line stays as it is."""

import re
from collections.abc import Mapping

from core.agents.agent import FIELD, TITLE

LABELS = {"name": "Name", "role": "Role", "emoji": "Emoji"}


def with_fields(markdown: str, before: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """The text with these fields (keys of `LABELS`); an empty value takes the field's lines away.

    `before` is what the agent goes by now, wherever that came from: what does not differ from it
    is not touched. A heading that repeats the old name or role follows. Line ends stay as they are.
    """
    changed = {key: value for key, value in wanted.items() if value != before.get(key, "")}
    text = _with_title(markdown, before, changed)
    for key, value in changed.items():
        text = _set_field(text, key, value) if value else _drop_field(text, key)
    return text


def _with_title(markdown: str, before: Mapping[str, str], changed: Mapping[str, str]) -> str:
    """“# Finn — Architect” becomes “# Fin — Engineer”. A file without text gets a heading."""
    title = TITLE.search(markdown)
    if title is None:
        is_new = "name" in changed and not markdown.strip()
        return f"# {changed['name']}\n\n" if is_new else markdown
    text = title["title"]
    name, role = before.get("name", ""), before.get("role", "")
    if name and changed.get("name") and re.match(rf"{re.escape(name)}(?!\w)", text):
        text = changed["name"] + text[len(name) :]
    if role and changed.get("role") and text.endswith(role):
        text = text.removesuffix(role) + changed["role"]
    return markdown[: title.start("title")] + text + markdown[title.end("title") :]


def _set_field(markdown: str, key: str, value: str) -> str:
    """In the field's own line, else below the other fields, else below the heading."""
    if line := _find_first(markdown, key):
        return markdown[: line.start("value")] + value + markdown[line.end("value") :]
    if empty := re.search(_make_empty_pattern(key), markdown, re.MULTILINE | re.IGNORECASE):
        return f"{markdown[: empty.end()]} {value}{markdown[empty.end() :]}"
    end = "\r\n" if "\r\n" in markdown else "\n"
    written = f"- **{LABELS[key]}:** {value}"
    if place := _end_of_fields(markdown):
        return markdown[:place] + end + written + markdown[place:]
    title = TITLE.search(markdown)
    place = title.end("title") if title else 0
    head, rest = markdown[:place], markdown[place:]
    below = rest if rest.strip() else end
    return f"{head}{end}{end}{written}{below}" if head else f"{written}{end}{end}{rest}"


def _drop_field(markdown: str, key: str) -> str:
    """All lines of this field: with the first gone, the second would count."""
    while line := _find_first(markdown, key):
        rest = markdown[line.end() :].removeprefix("\n")
        markdown = markdown[: line.start()] + rest
    return markdown


def _find_first(markdown: str, key: str) -> re.Match[str] | None:
    lines = FIELD.finditer(markdown)
    return next((line for line in lines if line["key"].strip().lower() == key), None)


def _make_empty_pattern(key: str) -> str:
    """A field's line without a value, up to where the value would be."""
    return rf"^[ \t]*[-*+]?[ \t]*\*\*{key}:?[ \t]*\*\*:?(?=[ \t\r]*$)"


def _end_of_fields(markdown: str) -> int | None:
    """Where the first run of fields ends; another may belong to something else."""
    end: int | None = None
    for line in FIELD.finditer(markdown):
        if end is not None and markdown[end : line.start()].strip(" \t\r") != "\n":
            break
        end = line.end("value")
    return end
