"""Protobuf fields by number, for the few messages that neonize ships no usable classes for.

Signal's two message types live in the Go library only, and neonize 0.5.2's waSyncAction module does
not import.
"""

VARINT, BYTES = 0, 2


def encode_fields(*fields: tuple[int, int | bytes | None]) -> bytes:
    """(number, value) pairs as a protobuf message; pairs with None are left out."""
    out = bytearray()
    for number, value in fields:
        if value is None:
            continue
        if isinstance(value, int):
            out += _varint(number << 3 | VARINT) + _varint(value)
        else:
            out += _varint(number << 3 | BYTES) + _varint(len(value)) + value
    return bytes(out)


def decode_fields(data: bytes) -> dict[int, int | bytes]:
    """Field number to its last value; ValueError for anything but varints and bytes."""
    fields: dict[int, int | bytes] = {}
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        if key & 7 == VARINT:
            fields[key >> 3] = value
        elif key & 7 == BYTES and at + value <= len(data):
            fields[key >> 3] = data[at : at + value]
            at += value
        else:
            raise ValueError("not a message of varints and bytes")
    return fields


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("varint ends too early")
        byte = data[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
        shift += 7
