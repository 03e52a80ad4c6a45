"""Protobuf fields by number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.crypto.protofields import decode_fields, encode_fields

VALUES = st.integers(0, 2**63 - 1) | st.binary(max_size=300)


@given(st.dictionaries(st.integers(1, 2**20), VALUES))
def test_what_is_written_is_read(fields: dict[int, int | bytes]) -> None:
    assert decode_fields(encode_fields(*fields.items())) == fields


def test_as_the_documentation_of_protobuf_has_it() -> None:
    assert encode_fields((1, 150)) == bytes.fromhex("089601")
    assert encode_fields((2, b"testing")) == bytes.fromhex("120774657374696e67")


def test_none_is_left_out_and_the_last_value_counts() -> None:
    assert encode_fields((1, None), (2, 0)) == b"\x10\x00"
    assert decode_fields(encode_fields((1, 1), (1, 2))) == {1: 2}


@pytest.mark.parametrize("data", [b"\x08", b"\x08\x80", b"\x12\x05abc", b"\x0d\x00", b"\x80" * 12])
def test_what_is_torn_or_of_another_kind_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode_fields(data)
