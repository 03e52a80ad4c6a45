"""Addresses."""

import pytest

from simulator.wire.jid import SERVER, STATUS, Jid


@pytest.mark.parametrize(
    ("text", "jid"),
    [
        ("15550000001@s.whatsapp.net", Jid("15550000001", "s.whatsapp.net")),
        ("15550000001:2@lid", Jid("15550000001", "lid", 2)),
        ("s.whatsapp.net", SERVER),
        ("status@broadcast", STATUS),
    ],
)
def test_an_address_is_read_and_written(text: str, jid: Jid) -> None:
    assert Jid.parse(text) == jid and str(jid) == text


def test_a_person_has_no_device() -> None:
    assert Jid("1", "lid", 2).person == Jid("1", "lid") == Jid("1", "lid").person
