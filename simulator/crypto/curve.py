"""Curve25519 keys, XEdDSA signatures and the key derivations that Noise and Signal share."""

import hashlib
import hmac
import os
from functools import lru_cache

import xeddsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

KEY_TYPE = b"\x05"  # Signal writes this byte in front of a Curve25519 public key


class KeyPair:
    """A Curve25519 key pair; `public` and `private` are 32 bytes each."""

    __slots__ = ("_key", "private", "public")

    def __init__(self, private: bytes | None = None):
        self.private = private or os.urandom(32)
        self._key = X25519PrivateKey.from_private_bytes(self.private)
        self.public = self._key.public_key().public_bytes_raw()

    def agree(self, public: bytes) -> bytes:
        """The shared secret with the owner of `public`. Raises ValueError for a bad key."""
        return self._key.exchange(_public_key(public))

    def sign(self, message: bytes, nonce: bytes | None = None) -> bytes:
        """An XEdDSA signature, 64 bytes; `nonce` is 64 random bytes."""
        private = xeddsa.priv_force_sign(self.private, False)
        return xeddsa.ed25519_priv_sign(private, message, nonce or os.urandom(64))


@lru_cache(256)  # a ratchet step needs the same one twice
def _public_key(public: bytes) -> X25519PublicKey:
    return X25519PublicKey.from_public_bytes(public)


def is_signed_by(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of the Curve25519 key `public` made the XEdDSA `signature`."""
    # The sign bit of the Edwards key travels in the signature's last bit.
    key = xeddsa.curve25519_pub_to_ed25519_pub(public, bool(signature[63] & 0x80))
    return xeddsa.ed25519_verify(signature[:63] + bytes((signature[63] & 0x7F,)), key, message)


def hkdf(secret: bytes, size: int, *, salt: bytes = bytes(32), info: bytes = b"") -> bytes:
    """HKDF-SHA256 of `secret` to `size` bytes."""
    key = hmac.digest(salt, secret, "sha256")
    out, block, counter = b"", b"", 1
    while len(out) < size:
        block = hmac.digest(key, block + info + bytes((counter,)), "sha256")
        out += block
        counter += 1
    return out[:size]


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
