"""What the service knows: accounts, their linked devices and what waits for them."""

import asyncio
import hashlib
from collections import deque
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from simulator.crypto.e2ee import Bundle, Keyring, PreKey
from simulator.service.app_state import AppState
from simulator.wire.jid import LID_SERVER, PHONE_SERVER, SERVER, Jid
from simulator.wire.node import Node, node

FEW_PREKEYS = 4  # when only these are left the client is asked to make more


class PrimaryDevice(Protocol):
    """Device 0 of an account, its phone, as the service sees it."""

    keyring: Keyring
    app_state: AppState

    @property
    def name(self) -> str: ...

    @property
    def jid(self) -> Jid: ...

    def companion_ready(self, companion: "Companion") -> None: ...

    def receive(self, stanza: Node) -> None: ...


class DeviceConnection(Protocol):
    """What a linked device is reached through while it is connected."""

    def send(self, stanza: Node) -> None: ...

    def end(self, last: Node) -> None: ...


@dataclass(eq=False)
class Companion:
    """A linked device."""

    account: "Account"
    device: int
    noise_key: bytes
    registration_id: int
    identity: bytes
    signed_prekey: PreKey
    signature: bytes
    name: str
    platform: str
    linked_at: float  # Unix time
    prekeys: deque[PreKey] = field(default_factory=deque)
    has_prekeys: bool = False
    available: bool = False  # what its last presence said
    connection: DeviceConnection | None = None
    # Stanzas that the device has yet to answer, by tag and id.
    waiting: dict[tuple[str, str], Node] = field(default_factory=dict)

    @cached_property
    def jid(self) -> Jid:
        return Jid(self.account.number, PHONE_SERVER, self.device)

    @cached_property
    def lid(self) -> Jid:
        return Jid(self.account.lid.user, LID_SERVER, self.device)

    @cached_property
    def address(self) -> tuple[str, int]:
        """What Signal sessions with this device are kept under."""
        return self.account.number, self.device

    def bundle(self) -> Bundle:
        """Keys for a new session; the client is asked for more when few prekeys are left."""
        prekey = self.prekeys.popleft() if self.prekeys else None
        if self.has_prekeys and len(self.prekeys) == FEW_PREKEYS:
            count = node("count", value=len(self.prekeys))
            self.deliver(
                node("notification", count, type="encrypt", from_=SERVER, id="prekeys", t=0)
            )
        return Bundle(
            self.registration_id, self.identity, self.signed_prekey, self.signature, prekey
        )

    def deliver(self, stanza: Node) -> None:
        """Send now if connected, and in any case keep until acknowledged."""
        self.waiting[stanza.tag, stanza.text("id")] = stanza
        if self.connection:
            self.connection.send(stanza)

    def record_ack(self, kind: str, stanza_id: str) -> None:
        self.waiting.pop((kind, stanza_id), None)


class Account:
    """A WhatsApp account: a number, a LID, the phone it lives on and its linked devices."""

    def __init__(self, number: str):
        self.number = number
        self.jid = Jid(number, PHONE_SERVER)
        # Any fixed number that isn't the phone's will do, as long as it does not change.
        digest = int.from_bytes(hashlib.sha256(number.encode()).digest()[:8], "big")
        self.lid = Jid(str(10**14 + digest % (9 * 10**14)), LID_SERVER)
        self.handset: PrimaryDevice
        self.companions: dict[int, Companion] = {}
        self.next_device = 1
        self.code_request: CodeRequest | None = None
        self.privacy: dict[str, str] = {}  # what was changed

    @property
    def device_ids(self) -> list[int]:
        return [0, *self.companions]


@dataclass
class CodeRequest:
    """A client that waits for its pairing code to be typed on the phone of this account."""

    connection: DeviceConnection
    ref: str
    wrapped_ephemeral: bytes
    finish: "asyncio.Future[Node]"
