"""Signal sessions between two devices, in and out of order."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.crypto.curve import KeyPair
from simulator.crypto.e2ee import Bundle, Keyring, Sealed, pad, unpad
from simulator.crypto.ratchet import Undecryptable

# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Pair:
    """Two devices that write to each other."""

    def __init__(self) -> None:
        self.ana, self.ben = Keyring(), Keyring()

    def from_ana(self, text: bytes) -> Sealed:
        return self.ana.encrypt("ben", text, self.ben.bundle)

    def from_ben(self, text: bytes) -> Sealed:
        return self.ben.encrypt("ana", text, self.ana.bundle)

    def to_ben(self, sealed: Sealed) -> bytes:
        return self.ben.decrypt("ana", sealed)

    def to_ana(self, sealed: Sealed) -> bytes:
        return self.ana.decrypt("ben", sealed)


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_every_first_message_carries_the_keys_until_one_is_answered(pair: Pair) -> None:
    messages = [pair.from_ana(b"%d" % n) for n in range(3)]
    assert [m.type for m in messages] == ["pkmsg"] * 3
    assert [pair.to_ben(m) for m in reversed(messages)] == [b"2", b"1", b"0"]


def test_a_device_without_one_time_prekeys_can_be_written_to(pair: Pair) -> None:
    full = pair.ben.bundle()
    bare = Bundle(full.registration_id, full.identity, full.signed_prekey, full.signature)
    assert pair.to_ben(pair.ana.encrypt("ben", b"hello", lambda: bare)) == b"hello"


@unhurried
@given(st.sampled_from(["msg", "pkmsg", "skmsg"]), st.binary(max_size=200))
def test_rubbish_is_undecryptable(kind: str, data: bytes) -> None:
    with pytest.raises(Undecryptable):
        Keyring().decrypt("ana", Sealed(kind, data))
    with pytest.raises(Undecryptable):
        Keyring().decrypt("ana", Sealed(kind, b"\x33" + data))


def test_a_one_time_prekey_serves_once(pair: Pair) -> None:
    bundle = pair.ben.bundle()
    pair.to_ben(pair.ana.encrypt("ben", b"hello", lambda: bundle))
    other = Keyring()
    with pytest.raises(Undecryptable, match="used before"):
        pair.ben.decrypt("other", other.encrypt("ben", b"hello", lambda: bundle))


def test_keys_with_a_bad_signature_are_refused(pair: Pair) -> None:
    good = pair.ben.bundle()
    forged = Bundle(1, KeyPair().public, good.signed_prekey, good.signature)
    with pytest.raises(ValueError, match="not signed"):
        pair.ana.encrypt("ben", b"hello", lambda: forged)
    assert not pair.ana.knows("ben")


@unhurried
@given(st.binary(max_size=100))
def test_padding_comes_off(text: bytes) -> None:
    assert unpad(pad(text)) == text


@pytest.mark.parametrize("padded", [b"", b"\0", b"x\x03\x02\x03", b"\x09"])
def test_bad_padding_is_refused(padded: bytes) -> None:
    with pytest.raises(Undecryptable):
        unpad(padded)
