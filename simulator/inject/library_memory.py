"""Reads and writes the memory of the Go library that is loaded into this process (Linux).

Stands alone and imports the standard library only: it also runs inside the client's process,
where nothing else of the simulator is to be found.
"""

import ctypes
from collections.abc import Iterator
from pathlib import Path

# The public key against which the library checks the server's Noise certificate chain.
REAL_ROOT_KEY = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")


def regions(library: str, *, writable: bool = False) -> Iterator[tuple[int, bytes]]:
    """Yield (address, content) of each readable region mapped from `library`, a path or a name."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, flags, *_, path = line.split(maxsplit=5)
        if not path.endswith(library) or flags[0] != "r" or (writable and flags[1] != "w"):
            continue
        start, end = (int(part, 16) for part in span.split("-"))
        yield start, ctypes.string_at(start, end - start)


def replace_root_key(library: str, key: bytes, old: bytes = REAL_ROOT_KEY) -> None:
    """Make the library trust `key` (32 bytes) in this process only.

    Raises LookupError unless the old key is there exactly once: another version of the library.
    """
    if len(key) != len(old):
        raise ValueError(f"a root key has {len(old)} bytes, not {len(key)}")
    found = [
        start + content.index(old)
        for start, content in regions(library, writable=True)
        for _ in range(content.count(old))
    ]
    if len(found) != 1:
        raise LookupError(f"the Noise root key is {len(found)} times in {library}, expected once")
    ctypes.memmove(found[0], key, len(key))
