"""Sender keys without a network: order, gaps, forgeries."""

import pytest

from simulator.clockwork import Clockwork
from simulator.crypto.ratchet import DuplicateMessage, Undecryptable
from simulator.crypto.sender_key import ReceivedKey, SenderKey
from simulator.service.groups import GroupKeys
from simulator.wire.jid import Jid

GROUP = Jid("120363000000000001", "g.us")


@pytest.fixture
def sender() -> SenderKey:
    return SenderKey(Clockwork(1))


def test_messages_are_read_in_any_order_and_once(sender: SenderKey) -> None:
    reader = ReceivedKey.parse(sender.distribution())
    sent = [sender.encrypt(f"{number}".encode()) for number in range(5)]
    for number in (0, 3, 1, 4, 2):
        assert reader.decrypt(sent[number]) == f"{number}".encode()
    with pytest.raises(DuplicateMessage):
        reader.decrypt(sent[2])


def test_a_key_opens_what_comes_after_it_only(sender: SenderKey) -> None:
    before = sender.encrypt(b"before")
    reader = ReceivedKey.parse(sender.distribution())
    with pytest.raises(Undecryptable):
        reader.decrypt(before)
    assert reader.decrypt(sender.encrypt(b"after")) == b"after"


def test_changed_or_foreign_messages_change_nothing(sender: SenderKey) -> None:
    reader = ReceivedKey.parse(sender.distribution())
    message = sender.encrypt(b"hello")
    forged = message[:-1] + bytes((message[-1] ^ 1,))
    foreign = SenderKey(Clockwork(2)).encrypt(b"hello")
    for bad in (forged, foreign, b"", message[:10]):
        with pytest.raises(Undecryptable):
            reader.decrypt(bad)
    assert reader.decrypt(message) == b"hello"


@pytest.mark.parametrize("data", [b"", b"\x33", b"\x22\x08\x01", b"\x33\xff"])
def test_what_is_no_key_is_refused(data: bytes) -> None:
    with pytest.raises(Undecryptable):
        ReceivedKey.parse(data)


def test_a_device_is_introduced_once_and_again_when_it_asks() -> None:
    ana, ben = GroupKeys(Clockwork(1)), GroupKeys(Clockwork(2))
    introduction = ana.introduction(GROUP, "ben")
    assert introduction and ana.introduction(GROUP, "ben") is None
    ben.learn("ana", introduction.senderKeyDistributionMessage)
    assert ben.decrypt(GROUP, "ana", ana.encrypt(GROUP, b"hello")) == b"hello"
    with pytest.raises(Undecryptable, match="no sender key"):
        ben.decrypt(GROUP, "carl", ana.encrypt(GROUP, b"hello"))
    ana.introduce_again(GROUP, "ben")
    assert ana.introduction(GROUP, "ben")
