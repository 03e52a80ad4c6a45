"""Binary XML: what is written can be read, and nothing but BadStanza comes of bad input."""

import zlib
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.wire.jid import SERVER, Jid
from simulator.wire.node import Node, node
from simulator.wire.tokens import dictionary
from simulator.wire.wabinary import BadStanza, decode, encode

# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

texts = st.text(min_size=1, max_size=300)
users = st.text("0123456789", min_size=1, max_size=20)
jids = st.one_of(
    st.just(SERVER),
    st.builds(Jid, users, st.sampled_from(["s.whatsapp.net", "lid", "g.us"]), st.just(0)),
    st.builds(Jid, users, st.sampled_from(["s.whatsapp.net", "lid"]), st.integers(1, 255)),
)
attributes = st.dictionaries(texts, texts | jids, max_size=5)
contents = st.none() | st.binary(max_size=300)
nodes = st.recursive(
    st.builds(Node, texts, attributes, contents),
    lambda inner: st.builds(Node, texts, attributes, st.lists(inner, min_size=1, max_size=4)),
    max_leaves=12,
)


@unhurried
@given(nodes)
def test_a_stanza_survives(stanza: Node) -> None:
    assert decode(encode(stanza)) == stanza


@unhurried
@given(nodes)
def test_a_compressed_stanza_survives(stanza: Node) -> None:
    assert decode(b"\x02" + zlib.compress(encode(stanza)[1:])) == stanza


@unhurried
@given(st.binary(max_size=200))
def test_bad_input_is_refused_or_read(data: bytes) -> None:
    with suppress(BadStanza):
        assert decode(data).tag


@unhurried
@given(nodes, st.integers(0, 50))
def test_a_torn_stanza_is_refused(stanza: Node, missing: int) -> None:
    data = encode(stanza)
    with pytest.raises(BadStanza):
        decode(data[: max(0, len(data) - 1 - missing)])


def test_every_token_is_one_or_two_bytes() -> None:
    tokens = dictionary()
    assert tokens.single[1:4] == ["xmlstreamstart", "xmlstreamend", "s.whatsapp.net"]
    for word in {w for table in [tokens.single[3:], *tokens.double] for w in table} - {""}:
        assert len(encode(Node(word))) <= 5
        assert decode(encode(Node(word))).tag == word


@pytest.mark.parametrize(
    ("packed", "text"),
    [
        (b"\xff\x02\x12\x34", "1234"),
        (b"\xff\x82\x12\x3f", "123"),
        (b"\xff\x02\xab\x12", "-.12"),
        (b"\xfb\x02\xab\xcd", "ABCD"),
        (b"\xfb\x82\xab\xc0", "ABC"),
    ],
)
def test_packed_strings_are_read(packed: bytes, text: str) -> None:
    """A client packs strings of digits; a service need not."""
    assert decode(b"\0\xf8\x01" + packed).tag == text


@pytest.mark.parametrize("size", [0, 255, 256, 1 << 20])
def test_long_content_survives(size: int) -> None:
    stanza = node("message", b"x" * size)
    assert decode(encode(stanza)) == stanza


def test_long_lists_survive() -> None:
    stanza = node("list", *(node("item", id=n) for n in range(1000)))
    assert decode(encode(stanza)) == stanza


def test_addresses_are_read_and_written() -> None:
    for text in ("15550001000:3@s.whatsapp.net", "123@lid", "status@broadcast", "s.whatsapp.net"):
        assert str(Jid.parse(text)) == text
    assert Jid.parse("123:4@lid").person == Jid("123", "lid")
