"""What went over the wire, decoded, for the curious."""

from collections import deque
from typing import Any

from simulator import Simulator
from simulator.service.server import Record
from simulator.wire.node import Node

MOST = 500  # stanzas that are kept, the latest ones


class Wire:
    """Numbers the stanzas as they pass, and keeps the latest. Lives in the simulator's loop."""

    def __init__(self, simulator: Simulator) -> None:
        self._kept: deque[tuple[int, Record]] = deque(maxlen=MOST)
        self._count = 0
        simulator.listen(self._keep_stanza)

    def list_since(self, number: int) -> list[dict[str, Any]]:
        """The stanzas after that one, oldest first."""
        return [_describe_stanza(n, record) for n, record in self._kept if n > number]

    def _keep_stanza(self, record: Record) -> None:
        self._count += 1
        self._kept.append((self._count, record))


def _describe_stanza(number: int, record: Record) -> dict[str, Any]:
    return {
        "number": number,
        "at": record.at,
        "to_server": record.direction == "in",
        "tag": record.stanza.tag,
        "about": record.stanza.text("type") or record.stanza.text("xmlns"),
        "text": format_stanza(record.stanza),
    }


def format_stanza(stanza: Node, depth: int = 0) -> str:
    """A stanza as indented text; bytes are counted, not shown."""
    indent = "  " * depth
    attrs = "".join(f' {name}="{value}"' for name, value in stanza.attrs.items())
    if stanza.content is None:
        return f"{indent}<{stanza.tag}{attrs}/>"
    if isinstance(stanza.content, bytes):
        return f"{indent}<{stanza.tag}{attrs}>{len(stanza.data)} bytes</{stanza.tag}>"
    inner = "\n".join(format_stanza(child, depth + 1) for child in stanza.children)
    return f"{indent}<{stanza.tag}{attrs}>\n{inner}\n{indent}</{stanza.tag}>"
