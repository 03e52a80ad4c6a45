"""An account's app state: settings that its devices share, such as the push name.

The phone gives a new device a key; the device then asks the service for the settings, which are
encrypted, chained and authenticated: the service sees none of them. Without a push name a client
may not show itself. Source: whatsmeow's appstate package and the client's verification.
"""

import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from simulator.clockwork import Clockwork
from simulator.crypto.curve import hkdf
from simulator.crypto.protofields import decode_fields, encode_fields
from simulator.crypto.ratchet import aes_cbc_decrypt, aes_cbc_encrypt
from simulator.wire.node import Node, node
from simulator.wire.protobufs import e2e, sync

NAME_COLLECTION = "critical_block"
NAME_INDEX = ["setting_pushName"]
PUSH_NAME_FIELD, TIMESTAMP_FIELD = 7, 1  # in SyncActionValue
ACTION_VERSION = 1
SET = b"\x01"
MAC_SIZE = 32
NO_HASH = bytes(128)


@dataclass
class Collection:
    """One named set of settings."""

    name: str
    patches: list[bytes] = field(default_factory=list)  # from version 1 on
    hash: bytes = NO_HASH  # over all settings, see `_add_hash`
    macs: dict[bytes, bytes] = field(default_factory=dict)  # of each setting's index and value

    @property
    def version(self) -> int:
        return len(self.patches)


class AppState:
    """One account's app state with its key."""

    def __init__(self, push_name: str, clockwork: Clockwork):
        self._clockwork = clockwork
        self.push_name = push_name
        self._key_id, self._key = clockwork.random(6), clockwork.random(32)
        keys = hkdf(self._key, 160, info=b"WhatsApp Mutation Keys")
        self._index_key, self._cipher_key, self._value_key, self._snapshot_key, self._patch_key = (
            keys[at : at + 32] for at in range(0, 160, 32)
        )
        self._collections: dict[str, Collection] = {}
        self.rename(push_name)

    def key_share(self) -> "e2e.Message":
        """The message with which the phone gives a new device the key."""
        data = e2e.AppStateSyncKeyData(
            keyData=self._key,
            fingerprint=e2e.AppStateSyncKeyFingerprint(rawID=1, currentIndex=1, deviceIndexes=[0]),
            timestamp=self._clockwork.seconds(),
        )
        key = e2e.AppStateSyncKey(
            keyID=e2e.AppStateSyncKeyId(keyID=self._key_id),
            keyData=data,
        )
        protocol = e2e.ProtocolMessage(
            type=e2e.ProtocolMessage.APP_STATE_SYNC_KEY_SHARE,
            appStateSyncKeyShare=e2e.AppStateSyncKeyShare(keys=[key]),
        )
        return e2e.Message(protocolMessage=protocol)

    def rename(self, push_name: str) -> Node:
        """The phone changes the push name; the <collection> that devices receive."""
        self.push_name = push_name
        collection = self._collection(NAME_COLLECTION)
        value = encode_fields(
            (TIMESTAMP_FIELD, int(self._clockwork.now() * 1000)),
            (PUSH_NAME_FIELD, encode_fields((1, push_name.encode()))),
        )
        patch = self._make_patch(collection, json.dumps(NAME_INDEX).encode(), value)
        collection.patches.append(patch.SerializeToString())
        return node("collection", name=collection.name, version=collection.version)

    def answer(self, asked: Node) -> Node:
        """The <collection> for one that a client asks for from the version it has, or adds to."""
        collection = self._collection(asked.text("name"))
        has = int(asked.text("version", "0"))
        if (patch := asked.child("patch")) is not None:
            if has != collection.version:
                return self._send_missing(collection, has, node("error", code=409, text="conflict"))
            self._accept(collection, sync.SyncdPatch.FromString(patch.data))
            has += 1  # the sender knows its own patch
        return self._send_missing(collection, has)

    def _collection(self, name: str) -> Collection:
        return self._collections.setdefault(name, Collection(name))

    def _send_missing(self, collection: Collection, has: int, error: Node | None = None) -> Node:
        missing = [node("patch", patch) for patch in collection.patches[has:]]
        parts = [node("patches", *missing)] if missing or not error else []
        kind = "error" if error else None
        return node(
            "collection",
            *([error] if error else []),
            *parts,
            name=collection.name,
            version=collection.version,
            type=kind,
        )

    def _make_patch(self, collection: Collection, index: bytes, value: bytes) -> Any:
        action = encode_fields((1, index), (2, value), (3, b""), (4, ACTION_VERSION))
        blob = self._seal(action)
        index_mac, value_mac = hmac.digest(self._index_key, index, "sha256"), blob[-MAC_SIZE:]
        _replace(collection, index_mac, value_mac)
        version = collection.version + 1
        name = version.to_bytes(8, "big") + collection.name.encode()
        snapshot_mac = hmac.digest(self._snapshot_key, collection.hash + name, "sha256")
        record = sync.SyncdRecord(
            index=sync.SyncdIndex(blob=index_mac),
            value=sync.SyncdValue(blob=blob),
            keyID=sync.KeyId(ID=self._key_id),
        )
        return sync.SyncdPatch(
            version=sync.SyncdVersion(version=version),
            mutations=[sync.SyncdMutation(operation=sync.SyncdMutation.SET, record=record)],
            snapshotMAC=snapshot_mac,
            patchMAC=hmac.digest(self._patch_key, snapshot_mac + value_mac + name, "sha256"),
            keyID=sync.KeyId(ID=self._key_id),
        )

    def _accept(self, collection: Collection, patch: Any) -> None:
        """A linked device's patch: the service numbers it, the phone reads it."""
        patch.version.version = collection.version + 1
        for mutation in patch.mutations:
            blob = mutation.record.value.blob
            is_set = mutation.operation == sync.SyncdMutation.SET
            _replace(collection, mutation.record.index.blob, blob[-MAC_SIZE:] if is_set else None)
            if is_set:
                self._read(blob)
        collection.patches.append(patch.SerializeToString())

    def _read(self, blob: bytes) -> None:
        action = decode_fields(aes_cbc_decrypt(self._cipher_key, blob[:16], blob[16:-MAC_SIZE]))
        index, value = (bytes(action.get(number, b"")) for number in (1, 2))
        if json.loads(index) == NAME_INDEX:
            setting = bytes(decode_fields(value).get(PUSH_NAME_FIELD, b""))
            self.push_name = bytes(decode_fields(setting).get(1, b"")).decode()

    def _seal(self, action: bytes) -> bytes:
        """IV, AES-CBC ciphertext and MAC of one setting."""
        iv = self._clockwork.random(16)
        sealed = iv + aes_cbc_encrypt(self._cipher_key, iv, action)
        size = (len(self._key_id) + 1).to_bytes(8, "big")
        covered = SET + self._key_id + sealed + size
        return sealed + hmac.digest(self._value_key, covered, "sha512")[:MAC_SIZE]


def _replace(collection: Collection, index_mac: bytes, value_mac: bytes | None) -> None:
    """Count a setting's new value into the hash over all of them, and its old one out of it."""
    if old := collection.macs.pop(index_mac, None):
        collection.hash = _add_hash(collection.hash, old, -1)
    if value_mac:
        collection.macs[index_mac] = value_mac
        collection.hash = _add_hash(collection.hash, value_mac, 1)


def _add_hash(total: bytes, value_mac: bytes, sign: int) -> bytes:
    """The sum of 16-bit numbers, little-endian: whatsmeow's lthash."""
    item = hkdf(value_mac, 128, info=b"WhatsApp Patch Integrity")
    numbers = (
        int.from_bytes(total[at : at + 2], "little")
        + sign * int.from_bytes(item[at : at + 2], "little")
        for at in range(0, 128, 2)
    )
    return b"".join((number & 0xFFFF).to_bytes(2, "little") for number in numbers)
