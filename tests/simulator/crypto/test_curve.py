"""Keys, signatures and derivations, against what others publish."""

import pytest

from simulator.crypto.curve import KeyPair, hkdf, is_signed_by, sha256


def test_both_sides_agree() -> None:
    one, other = KeyPair(), KeyPair()
    assert one.agree(other.public) == other.agree(one.public) != one.agree(KeyPair().public)
    assert KeyPair(one.private).public == one.public


def test_a_bad_key_is_refused() -> None:
    with pytest.raises(ValueError):
        KeyPair().agree(bytes(32))


def test_a_signature_is_its_signers_and_for_its_message() -> None:
    pair = KeyPair()
    for _ in range(4):  # the sign bit of the Edwards key is random
        signature = pair.sign(b"message")
        assert len(signature) == 64
        assert is_signed_by(pair.public, b"message", signature)
        assert not is_signed_by(pair.public, b"other message", signature)
        assert not is_signed_by(KeyPair().public, b"message", signature)
    assert pair.sign(b"m", b"n" * 64) == pair.sign(b"m", b"n" * 64)


def test_hkdf_as_in_rfc_5869() -> None:
    okm = hkdf(b"\x0b" * 22, 42, salt=bytes(range(13)), info=bytes(range(0xF0, 0xFA)))
    assert okm.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    assert hkdf(b"secret", 5) == hkdf(b"secret", 64)[:5]


def test_sha256() -> None:
    assert sha256(b"").hex().startswith("e3b0c44298fc1c14")
