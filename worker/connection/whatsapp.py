"""WhatsApp through neonize: the only product module that imports it.

One account, one process, one client object (neonize 0.5.2: a client that ended badly can't be used
again, a link attempt can't be cancelled, a Go panic ends the process). A process that imports this
module never forks and leaves through `os._exit`.

Subscribed events are those whose required fields are always set: a ChatPresence of an unknown kind
would end the library's event loop. So would a Receipt: see `worker/connection/receipts.py`.
"""

import contextlib
import ctypes
import logging
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

with contextlib.suppress(ImportError):
    import pylibmagic  # noqa: F401  neonize needs libmagic, which not every system has

import neonize.utils
from neonize.client import NewClient
from neonize.events import (
    ClientOutdatedEv,
    ConnectedEv,
    ConnectFailureEv,
    DisconnectedEv,
    LoggedOutEv,
    MessageEv,
    PairStatusEv,
    ReceiptEv,
    StreamReplacedEv,
    TemporaryBanEv,
    UndecryptableMessageEv,
)
from neonize.exc import NeonizeError
from neonize.proto.Neonize_pb2 import JID, ConnectFailureReason
from neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2 import DeviceProps
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message
from neonize.utils.enum import ChatPresence, ChatPresenceMedia, Presence, ReceiptType
from neonize.utils.jid import build_jid

from core.link import End
from core.messages.message import Inbound
from core.phone import Phone
from worker.connection.errors import PairingRefused, read_pairing_end, read_send_error
from worker.connection.inbound import (
    find_phone,
    is_only_a_key,
    parse,
    parse_undecryptable,
    read_time,
)
from worker.connection.receipts import Receipt

logging.getLogger("neonize.utils.ffmpeg").setLevel(
    logging.ERROR
)  # only for media, which we don't send
neonize.utils.log.setLevel(logging.WARNING)  # its default formats every XML node for Python

QUIET = 0.5  # seconds without a callback after which the library has handed over what it had

log = logging.getLogger(__name__)

# go-sqlite3 options; the trailing x= swallows the suffix that neonize appends. FULL, because a
# ratchet step that a power cut takes back makes messages unreadable.
_SQLITE_OPTIONS = "_foreign_keys=on&_journal_mode=WAL&_synchronous=FULL&_busy_timeout=10000&x="

_LOGIN_ENDS = {
    "timeout": End.TIMED_OUT,
    "error": End.REFUSED,
    "passkey-request": End.PASSKEY,
    "passkey-confirmation": End.PASSKEY,
    "err-client-outdated": End.OUTDATED,
    "err-unexpected-state": End.REFUSED,
    "err-scanned-without-multidevice": End.REFUSED,
}


class Listener(Protocol):
    """What the connection does with events. Called from the library's one callback thread, in
    order; a message is stored before this returns, everything else is done elsewhere."""

    def on_qr(self, payload: str) -> None: ...
    def on_link_status(self, end: End | None) -> None: ...
    def on_paired(self) -> None: ...
    def on_connected(self) -> None: ...
    def on_disconnected(self) -> None: ...
    def on_ended(self, end: End, detail: str) -> None: ...
    def on_message(self, inbound: Inbound) -> None: ...
    def on_receipt(self, receipt: Receipt) -> None: ...


class _Client(NewClient):
    """neonize tells how a link attempt ended only through this private method."""

    def __init__(self, name: str, login_status: Any, **options: Any) -> None:
        super().__init__(name, **options)
        self._login_status = login_status

    def _NewClient__onLoginStatus(self, uuid: int, status: int) -> None:  # noqa: N802
        self._login_status(ctypes.string_at(status).decode(errors="replace"))


class WhatsApp:
    """The account's connection. Sends from one thread at a time; other calls from any thread, but
    only after the first event."""

    def __init__(
        self, session: str, device_name: str, listener: Listener, *, with_receipts: bool = True
    ) -> None:
        self._listener = listener
        self._with_receipts = with_receipts
        self._account = self._lid = ""
        self._last_event = time.monotonic()
        self._handling = 0
        self._is_open = threading.Event()
        self._client = _Client(
            session,
            self._take_login_status,
            uuid=f"djinnbot-{os.getpid()}-{id(self):x}",
            props=DeviceProps(os=device_name, platformType=DeviceProps.CHROME),
        )
        self._subscribe()

    def _subscribe(self) -> None:
        client, listener = self._client, self._listener
        client.event.qr(lambda _, payload: self._guard(listener.on_qr, payload.decode()))
        handlers: dict[Any, Any] = {
            ConnectedEv: lambda _: self._on_connected(),
            DisconnectedEv: lambda _: listener.on_disconnected(),
            PairStatusEv: self._on_pair_status,
            MessageEv: self._on_message,
            UndecryptableMessageEv: lambda event: listener.on_message(
                parse_undecryptable(event, self.account)
            ),
            LoggedOutEv: self._on_logged_out,
            StreamReplacedEv: lambda _: listener.on_ended(End.REPLACED, ""),
            ClientOutdatedEv: lambda _: listener.on_ended(End.OUTDATED, ""),
            TemporaryBanEv: lambda event: listener.on_ended(End.BANNED, str(event.Expire)),
            ConnectFailureEv: lambda event: listener.on_ended(
                End.REFUSED, f"{event.Reason}: {event.Message}"
            ),
        }
        if self._with_receipts:
            handlers[ReceiptEv] = self._on_receipt
        for event_type, handler in handlers.items():
            client.event(event_type)(lambda _, event, do=handler: self._guard(do, event))

    def _guard(self, handle: Any, *arguments: Any) -> None:
        """An exception must not travel into the library, which prints and forgets it."""
        self._is_open.set()
        self._handling += 1
        try:
            handle(*arguments)
        except Exception:
            log.exception("An event of the library could not be handled")
        finally:
            self._handling -= 1
            self._last_event = time.monotonic()

    # Connecting and linking ----------------------------------------------------------------------

    def connect(self) -> None:
        """Blocks until the connection is over for good. Raises `NeonizeError` when the first dial
        fails. Whatever way it ends, the process has to.

        What arrives after the end is lost, and WhatsApp would believe it delivered: so the
        socket is closed at once.
        """
        try:
            self._client.connect()
        finally:
            if self._is_open.is_set():
                self._client.disconnect()

    @property
    def account(self) -> str:
        """Our own number's digits, empty before the account is linked."""
        if not self._account and self._is_open.is_set():
            self._account = self._client.get_me().JID.User
        return self._account

    @property
    def lid(self) -> str:
        """Our own hidden id's digits, by which groups may call us; empty while it is unknown."""
        if not self._lid and self._is_open.is_set():
            self._lid = self._client.get_me().LID.User
        return self._lid

    @property
    def phone(self) -> Phone | None:
        return Phone.from_digits(self.account) if self.account else None

    def is_online(self) -> bool:
        """Connected and logged in, as the library sees it. Not for tight loops."""
        if not self._is_open.is_set():
            return False
        return bool(self._client.is_connected and self._client.is_logged_in)

    def pair(self, phone: Phone) -> str:
        """A pairing code, XXXX-XXXX. Only after the first QR event. Raises `PairingRefused`."""
        try:
            return str(self._client.PairPhone(phone.digits, True))
        except NeonizeError as error:
            raise PairingRefused(read_pairing_end(str(error)), str(error)) from None

    def log_out(self) -> bool:
        """Remove this device from the account. False when WhatsApp could not be reached."""
        try:
            self._client.logout()
        except NeonizeError:
            return False
        return True

    def drain(self) -> None:
        """End the connection and wait until the library has handed over what it had received:
        WhatsApp believes those messages delivered.

        The process has to end after this. The client is not stopped: that would throw away what
        is left, and abort the process if another thread were just calling into the library.
        """
        if not self._is_open.is_set():
            return
        self._client.disconnect()
        self._last_event = time.monotonic()
        while self._handling or time.monotonic() - self._last_event < QUIET:
            time.sleep(0.02)

    # Talking -------------------------------------------------------------------------------------

    def send(self, to: str, text: str) -> str:
        """Send one message; returns WhatsApp's id once the server has it.

        Holds the library's only send lock for a round trip; without an acknowledgement it raises
        after 75 s or hangs. Raises `NotSent`, `SendRefused` or `SendUnknown`.
        """
        return self._send(to, Message(conversation=text))

    def react(self, chat: str, sender: str, message_id: str, emoji: str) -> None:
        """Put an emoji on a message. Takes a turn at the send lock as `send` does."""
        reaction = self._client.build_reaction(
            _build_jid(chat), _build_jid(sender), message_id, emoji
        )
        self._send(chat, reaction)

    def _send(self, to: str, message: Message) -> str:
        try:
            return str(self._client.send_message(_build_jid(to), message).ID)
        except NeonizeError as error:
            raise read_send_error(str(error)) from None

    def mark_read(self, chat: str, sender: str, ids: Sequence[str]) -> bool:
        """Blue ticks for these messages. False when they could not be sent just now."""
        try:
            self._client.mark_read(
                *ids, chat=_build_jid(chat), sender=_build_jid(sender), receipt=ReceiptType.READ
            )
        except NeonizeError:
            return False
        return True

    def show_typing(self, chat: str, is_typing: bool) -> None:
        """“typing…” in the other's chat, or its end. Lost when offline: the next corrects it."""
        state = (
            ChatPresence.CHAT_PRESENCE_COMPOSING if is_typing else ChatPresence.CHAT_PRESENCE_PAUSED
        )
        with contextlib.suppress(NeonizeError):
            self._client.send_chat_presence(
                _build_jid(chat), state, ChatPresenceMedia.CHAT_PRESENCE_MEDIA_TEXT
            )

    def announce(self) -> bool:
        """Show the account as online, which typing needs. False while WhatsApp has not yet said
        the account's name (it arrives some time after linking)."""
        try:
            self._client.send_presence(Presence.AVAILABLE)
        except NeonizeError:
            return False
        return True

    def find_subject(self, group: str) -> str | None:
        """What a group is called; None if WhatsApp does not tell us. Waits for its answer, so never
        in the callback thread, and only once connected."""
        try:
            return str(self._client.get_group_info(_build_jid(group)).GroupName.Name)
        except NeonizeError:
            return None

    def find_phone_behind(self, lid: str) -> Phone | None:
        """The number behind a hidden id, as far as the library has learnt it. Only once connected:
        the library aborts the process when it has no session to look into."""
        try:
            return find_phone(self._client.get_pn_from_lid(_build_jid(lid)))
        except NeonizeError:
            return None

    # Events --------------------------------------------------------------------------------------

    def _take_login_status(self, status: str) -> None:
        if status == "success":
            self._guard(self._listener.on_link_status, None)
        elif status in _LOGIN_ENDS:
            self._guard(self._listener.on_link_status, _LOGIN_ENDS[status])
        else:
            log.warning("The library says something unknown of the link attempt: %s", status)

    def _on_connected(self) -> None:
        self._client.set_force_activate_delivery_receipts(True)
        self._listener.on_connected()

    def _on_pair_status(self, event: Any) -> None:
        self._account = event.ID.User
        self._listener.on_paired()

    def _on_message(self, event: Any) -> None:
        if not is_only_a_key(event):
            self._listener.on_message(parse(event, self.account, self.lid))

    def _on_receipt(self, event: Any) -> None:
        is_read = event.Type in (event.READ, event.PLAYED)
        is_there = event.Type in (event.DELIVERED, event.INACTIVE)
        # A group's members say so one by one, which makes no tick.
        source = event.MessageSource
        if source.IsFromMe or source.IsGroup or not (is_read or is_there):
            return
        at = read_time(event.Timestamp * 1000)
        self._listener.on_receipt(Receipt(list(event.MessageIDs), is_read, at))

    def _on_logged_out(self, event: Any) -> None:
        gone = event.Reason == ConnectFailureReason.MAIN_DEVICE_GONE
        self._listener.on_ended(End.ACCOUNT_GONE if gone else End.REMOVED_ON_PHONE, "")


def name_session(directory: Path, database_url: str | None) -> str:
    """What neonize calls the session's store: a SQLite file with options, or PostgreSQL's DSN."""
    if database_url:
        return database_url
    return f"{directory / 'session.db'}?{_SQLITE_OPTIONS}"


def _build_jid(text: str) -> JID:
    user, _, server = text.partition("@")
    return build_jid(user, server)
