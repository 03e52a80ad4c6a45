"""Linking and unlinking: what the phone and the service do when a client asks to be linked.

Source: the client's side of it, observed; the phone's side is the mirror image.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from simulator.clockwork import Clockwork
from simulator.crypto.curve import KeyPair, hkdf, is_signed_by
from simulator.crypto.e2ee import PreKey
from simulator.service.account import Account, CodeRequest, Companion
from simulator.wire.jid import SERVER
from simulator.wire.node import Node, node
from simulator.wire.protobufs import adv, companion, wa6

if TYPE_CHECKING:
    from simulator.service.connection import Connection
    from simulator.service.server import Server

PBKDF2_ROUNDS = 131072
ACCOUNT_SIGNATURE, DEVICE_SIGNATURE = b"\x06\x00", b"\x06\x01"


class LinkFailed(Exception):
    """The device was not linked; the text says why, as the phone would."""


class Refused(Exception):
    """A client's question is answered with this error."""

    def __init__(self, code: int, text: str):
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


def begin(server: "Server", connection: "Connection") -> None:
    """Give an unlinked client what its QR codes are made of."""
    connection.refs = [_ref(server.clockwork) for _ in range(server.faults.qr_codes)]
    refs = [node("ref", ref.encode()) for ref in connection.refs]
    about = {"type": "set", "id": server.clockwork.stanza_id(), "xmlns": "md"}
    connection.send(node("iq", node("pair-device", *refs), from_=SERVER, **about))


def _ref(clockwork: Clockwork) -> str:
    return base64.urlsafe_b64encode(clockwork.random(48)).decode()


async def scan(server: "Server", account: Account, payload: str, timeout: float) -> Companion:
    """Link the client that shows the QR code `payload`. Raises LinkFailed."""
    fields = payload.rpartition("#")[2].split(",")
    if len(fields) < 4:
        raise LinkFailed("this is not a code for linking a device")
    connection = next((c for c in server.unlinked if fields[0] in c.refs), None)
    if connection is None:
        raise LinkFailed("this code is not valid any more")
    identity, secret = base64.b64decode(fields[2]), base64.b64decode(fields[3])
    if identity != _pairing_data(connection).eIdent:
        raise LinkFailed("this code belongs to another device")
    return await _pair(server, account, connection, secret, timeout)


async def enter_code(server: "Server", account: Account, code: str, timeout: float) -> Companion:
    """Link the client that waits for `code` on this account's phone. Raises LinkFailed."""
    try:
        request = await server.changes.wait_until(lambda: account.code_request, timeout, str)
    except AssertionError:
        raise LinkFailed("no device asked for a pairing code") from None
    code = code.replace("-", "").upper()
    request.finish = asyncio.get_running_loop().create_future()
    theirs = await asyncio.to_thread(_unwrap_key, code, request.wrapped_ephemeral)
    random = server.clockwork.random
    ephemeral, salt, iv = KeyPair(random(32)), random(32), random(16)
    wrapped = await asyncio.to_thread(_wrap_key, code, ephemeral.public, salt, iv)
    keys = account.handset.keyring
    hello = node(
        "link_code_companion_reg",
        node("link_code_pairing_ref", request.ref.encode()),
        node("link_code_pairing_wrapped_primary_ephemeral_pub", wrapped),
        node("primary_identity_pub", keys.identity.public),
        stage="primary_hello",
    )
    request.connection.send(server.notification("link_code_companion_reg", hello))
    try:
        finish = await asyncio.wait_for(asyncio.shield(request.finish), timeout)
    except TimeoutError:
        raise LinkFailed("the device did not answer") from None
    secret = _open_key_bundle(finish, keys.identity, ephemeral.agree(theirs))
    account.code_request = None
    return await _pair(server, account, request.connection, secret, timeout)


def pairing_code(server: "Server", connection: "Connection", stage: Node) -> list[Node]:
    """The client's half of linking by code: it asks (`companion_hello`), then it finishes."""
    account = server.find(stage.jid("jid") or SERVER)
    if account is None:
        raise Refused(400, "bad-request")
    if server.faults.refuse_codes:
        raise Refused(429, "rate-overlimit")
    wrapped = stage.child("link_code_pairing_wrapped_companion_ephemeral_pub")
    if stage.text("stage") == "companion_hello" and wrapped:
        ref = server.clockwork.stanza_id()
        finish: asyncio.Future[Node] = asyncio.get_running_loop().create_future()
        account.code_request = CodeRequest(connection, ref, wrapped.data, finish)
        server.changes.notify()
        answer = node("link_code_pairing_ref", ref.encode())
        return [node("link_code_companion_reg", answer, stage="companion_hello")]
    request = account.code_request
    if request and not request.finish.done():
        request.finish.set_result(stage)
    return []


def unlink_from_client(server: "Server", connection: "Connection", removal: Node) -> list[Node]:
    """The client logs itself out: it gets its answer, then the device is gone."""
    jid = removal.jid("jid")
    if connection.companion and jid and jid.device == connection.companion.device:
        server.forget(connection.companion)
    return []


def remove(server: "Server", device: Companion) -> None:
    """The phone's owner logs a linked device out."""
    if device.connection:
        conflict = node("conflict", type="device_removed")
        device.connection.end(node("stream:error", conflict, code=401))
    server.forget(device)


def abandon(reply: "asyncio.Future[Node]") -> None:
    """End the wait for a client's answer: the client is gone."""
    if not reply.done():
        reply.set_exception(LinkFailed("the device went away"))
        reply.exception()  # it is no fault if nothing waits


def _pairing_data(connection: "Connection") -> wa6.ClientPayload.DevicePairingRegistrationData:
    assert connection.payload is not None
    return connection.payload.devicePairingData


async def _pair(
    server: "Server", account: Account, connection: "Connection", secret: bytes, timeout: float
) -> Companion:
    """Introduce the account to the client, let it come back, and wait until it is ready."""
    if server.faults.ask_for_passkey:
        _ask_for_passkey(server, connection)
        raise LinkFailed("WhatsApp asks the device for a passkey")
    device = _new_companion(server, account, connection)
    container = _signed_identity(account, device, secret)
    success = node(
        "pair-success",
        node("device-identity", container),
        node("platform", name="android"),
        node("device", jid=device.jid, lid=device.lid),
    )
    now = server.clockwork.seconds()
    reply = server.ask(connection, node("iq", success, from_=SERVER, type="set", xmlns="md", t=now))
    try:
        async with asyncio.timeout(timeout):
            _check_signature(await reply, account, device)
    except TimeoutError:
        raise LinkFailed("the device did not answer") from None
    server.remember(device)
    account.next_device += 1
    connection.end(node("stream:error", code=515))
    try:
        await server.changes.wait_until(
            lambda: device.connection and device.has_prekeys, timeout, lambda: "never logged in"
        )
    except AssertionError as error:
        raise LinkFailed("the device was linked but did not log in") from error
    return device


def _ask_for_passkey(server: "Server", connection: "Connection") -> None:
    """Instead of linking: a demand for a WebAuthn assertion, which few clients can make."""
    options = {
        "challenge": _ref(server.clockwork),
        "rpId": "whatsapp.com",
        "timeout": 60000,
        "userVerification": "required",
    }
    content = node("passkey_request_options", json.dumps(options).encode())
    connection.send(server.notification("passkey_prologue_request", content))


def _new_companion(server: "Server", account: Account, connection: "Connection") -> Companion:
    data = _pairing_data(connection)
    props = companion.DeviceProps.FromString(data.deviceProps)
    platform = companion.DeviceProps.PlatformType.Name(props.platformType)
    return Companion(
        account=account,
        device=account.next_device,
        noise_key=connection.noise_key,
        registration_id=int.from_bytes(data.eRegid, "big"),
        identity=data.eIdent,
        signed_prekey=PreKey(int.from_bytes(data.eSkeyID, "big"), data.eSkeyVal),
        signature=data.eSkeySig,
        name=props.os,
        platform=platform,
        linked_at=server.clockwork.now(),
    )


def _signed_identity(account: Account, device: Companion, secret: bytes) -> bytes:
    """The account's signature under the new device's identity, for that device to verify."""
    handset = account.handset
    now = handset.clockwork.seconds()
    identity = adv.ADVDeviceIdentity(rawID=1, timestamp=now, keyIndex=device.device)
    details = identity.SerializeToString()
    signed = adv.ADVSignedDeviceIdentity(
        details=details,
        accountSignatureKey=handset.keyring.identity.public,
        accountSignature=handset.keyring.sign(ACCOUNT_SIGNATURE + details + device.identity),
    ).SerializeToString()
    mac = hmac.digest(secret, signed, "sha256")
    container = adv.ADVSignedDeviceIdentityHMAC(details=signed, HMAC=mac)
    return bytes(container.SerializeToString())


def _check_signature(reply: Node, account: Account, device: Companion) -> None:
    """The client answers with its own signature; a refusal comes as an error."""
    identity = reply.child("pair-device-sign", "device-identity")
    if reply.text("type") != "result" or identity is None:
        raise LinkFailed(f"the device refused: {reply.child('error') or reply}")
    signed = adv.ADVSignedDeviceIdentity.FromString(identity.data)
    key = account.handset.keyring.identity.public
    message = DEVICE_SIGNATURE + signed.details + device.identity + key
    if not is_signed_by(device.identity, message, signed.deviceSignature):
        raise LinkFailed("the device's signature is wrong")


def _code_cipher(code: str, salt: bytes, iv: bytes) -> "Cipher[modes.CTR]":
    key = hashlib.pbkdf2_hmac("sha256", code.encode(), salt, PBKDF2_ROUNDS, 32)
    return Cipher(algorithms.AES(key), modes.CTR(iv))


def _wrap_key(code: str, key: bytes, salt: bytes, iv: bytes) -> bytes:
    return salt + iv + _code_cipher(code, salt, iv).encryptor().update(key)


def _unwrap_key(code: str, wrapped: bytes) -> bytes:
    return _code_cipher(code, wrapped[:32], wrapped[32:48]).decryptor().update(wrapped[48:])


def _open_key_bundle(finish: Node, identity: KeyPair, shared: bytes) -> bytes:
    """The secret both sides now have; a wrong code shows here and nowhere earlier."""
    bundle = finish.child("link_code_pairing_wrapped_key_bundle")
    if bundle is None:
        raise LinkFailed("the device sent no keys")
    salt, nonce, sealed = bundle.data[:32], bundle.data[32:44], bundle.data[44:]
    key = hkdf(shared, 32, salt=salt, info=b"link_code_pairing_key_bundle_encryption_key")
    try:
        opened = AESGCM(key).decrypt(nonce, sealed, None)
    except InvalidTag:
        raise LinkFailed("wrong code") from None
    theirs, _, randomness = opened[:32], opened[32:64], opened[64:]
    return hkdf(shared + identity.agree(theirs) + randomness, 32, info=b"adv_secret")
