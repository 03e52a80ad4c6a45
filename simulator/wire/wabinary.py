"""WhatsApp's binary XML: stanzas to bytes and back.

Source of the format: observed from the library; the tokens
come from the library itself. Everything is bounded by the message that holds it: bad input raises
`BadStanza` and nothing else.
"""

import zlib
from functools import cache, lru_cache

from simulator.wire.jid import LID_SERVER, PHONE_SERVER, Jid
from simulator.wire.node import Attribute, Content, Node
from simulator.wire.tokens import dictionary

LIST_EMPTY, DICTIONARY_0, DICTIONARY_3 = 0, 236, 239
INTEROP_JID, FB_JID, AD_JID = 245, 246, 247
LIST_8, LIST_16, JID_PAIR, HEX_8 = 248, 249, 250, 251
BINARY_8, BINARY_20, BINARY_32, NIBBLE_8 = 252, 253, 254, 255

# What the sixteen digits of a packed string stand for; from c on they mean nothing, f fills up.
NIBBLES = str.maketrans("abcdef", "-.    ")
COMPRESSED = 2

AD_DOMAINS = {0: PHONE_SERVER, 1: LID_SERVER, 128: "hosted", 129: "hosted.lid"}
AD_CODES = {server: code for code, server in AD_DOMAINS.items()}


class BadStanza(ValueError):
    """The bytes are not a stanza."""


def encode(stanza: Node) -> bytes:
    """A stanza as the bytes that go into one frame, uncompressed."""
    out = bytearray(b"\0")
    _write_node(out, stanza, dictionary().index)
    return bytes(out)


def decode(data: bytes) -> Node:
    """The stanza in one frame. Raises BadStanza."""
    try:
        body = zlib.decompress(data[1:]) if data[0] & COMPRESSED else data[1:]
        reader = _Reader(body)
        return reader.node(reader.byte())
    except (IndexError, UnicodeDecodeError, ValueError, RecursionError, zlib.error) as error:
        raise BadStanza(str(error)) from error


def _write_node(out: bytearray, stanza: Node, index: dict[str, bytes]) -> None:
    attrs, content = stanza.attrs, stanza.content
    out += _list_header(1 + 2 * len(attrs) + (content is not None))
    out += index.get(stanza.tag) or _string(stanza.tag)
    for name, value in attrs.items():
        out += index.get(name) or _string(name)
        if isinstance(value, Jid):
            out += _jid(value)
        else:
            out += index.get(value) or _string(value)
    if isinstance(content, bytes):
        out += _size(len(content))
        out += content
    elif content is not None:
        out += _list_header(len(content))
        for child in content:
            _write_node(out, child, index)


@lru_cache
def _list_header(size: int) -> bytes:
    if size == 0:
        return bytes((LIST_EMPTY,))
    if size < 256:
        return bytes((LIST_8, size))
    return bytes((LIST_16,)) + size.to_bytes(2, "big")


@lru_cache(4096)
def _jid(jid: Jid) -> bytes:
    user = _string(jid.user) if jid.user else bytes((LIST_EMPTY,))
    if jid.device:
        return bytes((AD_JID, AD_CODES[jid.server], jid.device)) + user
    return bytes((JID_PAIR,)) + user + _string(jid.server)


def _string(text: str) -> bytes:
    if token := dictionary().index.get(text):
        return token
    data = text.encode()
    return _size(len(data)) + data


def _size(size: int) -> bytes:
    if size < 256:
        return bytes((BINARY_8, size))
    if size < 1 << 20:
        return bytes((BINARY_20,)) + size.to_bytes(3, "big")
    return bytes((BINARY_32,)) + size.to_bytes(4, "big")


class _Reader:
    """A cursor over one decompressed stanza."""

    __slots__ = ("at", "data", "words")

    def __init__(self, data: bytes):
        self.data, self.at = data, 0
        self.words = _words()

    def byte(self) -> int:
        value = self.data[self.at]
        self.at += 1
        return value

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        start, end = self.at, self.at + size
        if end > len(self.data):
            raise IndexError("stanza ends too early")
        self.at = end
        return self.data[start:end]

    def node(self, tag: int) -> Node:
        size = self.list_size(tag)
        name = self.string()
        if size == 0 or not name:
            raise ValueError("a stanza needs a tag")
        attrs = {self.string(): self.value() for _ in range((size - 1) // 2)}
        return Node(name, attrs, None if size % 2 else self.content())

    def list_size(self, tag: int) -> int:
        if tag == LIST_8:
            return self.byte()
        if tag == LIST_EMPTY:
            return 0
        if tag == LIST_16:
            return self.number(2)
        raise ValueError(f"{tag} is no list")

    def content(self) -> Content:
        tag = self.byte()
        if tag in (LIST_EMPTY, LIST_8, LIST_16):
            return [self.node(self.byte()) for _ in range(self.list_size(tag))]
        if tag in (BINARY_8, BINARY_20, BINARY_32):
            return self.raw(tag)
        self.at -= 1
        return str(self.value()).encode()

    def raw(self, tag: int) -> bytes:
        if tag == BINARY_8:
            return self.take(self.byte())
        return self.take(self.number(3) & 0xFFFFF if tag == BINARY_20 else self.number(4))

    def string(self) -> str:
        value = self.value()
        return value if isinstance(value, str) else str(value)

    def value(self) -> Attribute:
        tag = self.data[self.at]
        self.at += 1
        word = self.words[tag]
        if word is not None:
            return word
        if tag in (BINARY_8, BINARY_20, BINARY_32):
            return self.raw(tag).decode()
        if tag in (HEX_8, NIBBLE_8):
            return self.read_packed(tag)
        if DICTIONARY_0 <= tag <= DICTIONARY_3:
            return dictionary().double[tag - DICTIONARY_0][self.byte()]
        return self.jid(tag)

    def read_packed(self, tag: int) -> str:
        """Two characters in a byte; the high bit of the length says that the last is a filler."""
        header = self.byte()
        digits = self.take(header & 127).hex()
        text = digits.upper() if tag == HEX_8 else digits.translate(NIBBLES)
        return text[:-1] if header & 128 else text

    def jid(self, tag: int) -> Jid:
        if tag == JID_PAIR:
            return Jid(self.string(), self.string())
        if tag == AD_JID:
            domain, device = self.byte(), self.byte()
            return Jid(self.string(), AD_DOMAINS[domain], device)
        if tag in (FB_JID, INTEROP_JID):
            user, device = self.string(), self.number(2)
            if tag == INTEROP_JID:
                user = f"{self.number(2)}-{user}"
            return Jid(user, self.string(), device)
        raise ValueError(f"unknown tag {tag}")


@cache
def _words() -> list[str | None]:
    """What one byte stands for by itself; None where more has to be read."""
    single: list[str | None] = ["", *dictionary().single[1:]]
    return single + [None] * (256 - len(single))
