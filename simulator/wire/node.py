"""A stanza: one element of WhatsApp's XML, as a value."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from simulator.wire.jid import Jid

Attribute = str | Jid
Content = bytes | list["Node"] | None
SHOWN = 8  # children in the text form


@dataclass(slots=True)
class Node:
    """An element with attributes and either children or bytes."""

    tag: str
    attrs: dict[str, Attribute] = field(default_factory=dict)
    content: Content = None

    @property
    def children(self) -> list["Node"]:
        return self.content if isinstance(self.content, list) else []

    @property
    def data(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else b""

    def child(self, *path: str) -> "Node | None":
        """The first descendant along `path`, or None."""
        node = self
        for tag in path:
            for child in node.children:
                if child.tag == tag:
                    node = child
                    break
            else:
                return None
        return node

    def all(self, tag: str) -> Iterator["Node"]:
        return (child for child in self.children if child.tag == tag)

    def text(self, name: str, default: str = "") -> str:
        """An attribute as text."""
        value = self.attrs.get(name)
        return default if value is None else str(value)

    def jid(self, name: str) -> Jid | None:
        """An attribute as an address, or None when it is missing."""
        value = self.attrs.get(name)
        if value is None or isinstance(value, Jid):
            return value
        return Jid.parse(value)

    def __str__(self) -> str:
        attrs = "".join(f' {k}="{v}"' for k, v in self.attrs.items())
        if self.content is None:
            return f"<{self.tag}{attrs}/>"
        inner = "".join(map(str, self.children[:SHOWN])) or f"[{len(self.data)} bytes]"
        if len(self.children) > SHOWN:
            inner += f"[{len(self.children) - SHOWN} more]"
        return f"<{self.tag}{attrs}>{inner}</{self.tag}>"


def node(tag: str, *content: Node | bytes, **attrs: Attribute | int | None) -> Node:
    """Build a stanza; attributes that are None are left out, `from_` stands for `from`."""
    cleaned: dict[str, Attribute] = {}
    for name, value in attrs.items():
        if value is not None:
            cleaned[name.rstrip("_")] = str(value) if isinstance(value, int) else value
    if len(content) == 1 and isinstance(content[0], bytes):
        return Node(tag, cleaned, content[0])
    return Node(tag, cleaned, [part for part in content if isinstance(part, Node)] or None)


def receipt_ids(receipt: Node) -> list[str]:
    """All message ids that a receipt is about."""
    items = [item.text("id") for item in (receipt.child("list") or node("list")).all("item")]
    return [receipt.text("id"), *items]
