"""The token dictionaries of WhatsApp's binary XML, read out of the loaded Go library.

Source: the library itself keeps them as arrays of Go strings (pointer, length), so what is read is
what the client under test will use.
"""

import struct
from functools import cache
from pathlib import Path

from simulator.inject.library_memory import regions
from simulator.wire.protobufs import LIBRARY_PATH

SINGLE_COUNT, DOUBLE_COUNT, DOUBLE_TABLES = 236, 256, 4


class Dictionary:
    """Both directions of the token tables: `single`, `double[table]`, and `index` by string."""

    def __init__(self, single: list[str], double: list[list[str]]):
        self.single, self.double = single, double
        self.index: dict[str, bytes] = {}
        for table, words in enumerate(double):
            self.index.update({w: bytes((236 + table, i)) for i, w in enumerate(words)})
        self.index.update({w: bytes((i,)) for i, w in enumerate(single) if w})


class _Memory:
    """The library's regions, addressable as the Go code sees them."""

    def __init__(self) -> None:
        self.regions = list(regions(Path(LIBRARY_PATH).name))

    def read(self, address: int, size: int) -> bytes | None:
        for start, content in self.regions:
            if start <= address < start + len(content):
                return content[address - start : address - start + size]
        return None

    def find(self, needle: bytes) -> list[int]:
        """Every address at which `needle` starts."""
        found = []
        for start, content in self.regions:
            at = content.find(needle)
            while at >= 0:
                found.append(start + at)
                at = content.find(needle, at + 1)
        return found

    def strings(self, address: int, count: int) -> list[str] | None:
        """An array of `count` Go string headers, or None if that isn't one."""
        raw = self.read(address, 16 * count)
        if raw is None or len(raw) < 16 * count:
            return None
        words = []
        for pointer, length in struct.iter_unpack("<QQ", raw):
            word = self.read(pointer, length) if length <= 64 else None
            if word is None and length:
                return None
            words.append((word or b"").decode("utf-8", "replace"))
        return words


@cache
def dictionary() -> Dictionary:
    """The dictionaries of the loaded library. Raises LookupError if they can't be found."""
    memory = _Memory()
    return Dictionary(_single(memory), _double(memory))


def _single(memory: _Memory) -> list[str]:
    """Element 1 of the single-byte table is `xmlstreamstart`; element 0 is empty."""
    for text in memory.find(b"xmlstreamstart"):
        for header in memory.find(struct.pack("<QQ", text, len("xmlstreamstart"))):
            words = memory.strings(header - 16, SINGLE_COUNT)
            if words and words[0] == "":
                return words
    raise LookupError("no single-byte token table in the library")


def _double(memory: _Memory) -> list[list[str]]:
    """Four slice headers in a row, the first of which starts with `read-self`, `active`."""
    for text in memory.find(b"read-self"):
        for header in memory.find(struct.pack("<QQ", text, len("read-self"))):
            if (memory.strings(header, 2) or ["", ""])[1] != "active":
                continue
            for slices in memory.find(struct.pack("<QQQ", header, DOUBLE_COUNT, DOUBLE_COUNT)):
                raw = memory.read(slices, 24 * DOUBLE_TABLES) or b""
                tables = [memory.strings(p, n) for p, n, _ in struct.iter_unpack("<QQQ", raw)]
                if len(tables) == DOUBLE_TABLES and all(tables):
                    return [table for table in tables if table]
    raise LookupError("no double-byte token tables in the library")
