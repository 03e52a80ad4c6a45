"""What a phone shows: its messages, their ticks, reactions, typing, and a transcript of it all.

The handset reports what arrives and what departs; `changes` wakes those who wait for it.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from simulator.phones.content import Content, read
from simulator.phones.handset import Handset
from simulator.phones.message import Entry, Message
from simulator.phones.outgoing import Outgoing
from simulator.phones.recent import Recent
from simulator.service.account import Account
from simulator.service.changes import Changes
from simulator.service.server import Server
from simulator.wire.jid import Jid
from simulator.wire.node import Node

TYPING_FADES = 25.0  # seconds after which a phone stops to show "typing..."
EARLY = 1000  # receipts for messages that are not here yet
# The ticks of a message, in the order in which they come.
RANKS = {"pending": -1, "sent": 0, "delivered": 1, "read": 2}
# The type of a receipt stanza -> the tick that a phone shows for it.
RECEIPTS = {"": "delivered", "inactive": "delivered", "read": "read", "played": "read"}


class Network(Protocol):
    """The WhatsApp that a phone is in: its service, and the other phones."""

    server: Server

    @property
    def phones(self) -> Sequence["Display"]: ...

    @property
    def bot(self) -> "Display": ...


class Display:
    """The screen of a phone. A person's actions and waiting for changes are added in phone.py."""

    def __init__(self, simulator: Network, handset: Handset):
        self._simulator, self._handset = simulator, handset
        self.number = f"+{handset.account.number}"
        self.changes = Changes()
        self.transcript: list[Entry] = []
        self.messages: dict[str, Message] = {}
        self.reactions: dict[str, str] = {}  # message id -> emoji of the other side
        self.reactions_by: dict[str, dict[str, str]] = {}  # message id -> number -> emoji
        # (what, Unix time): composing, recording, paused, and arrived for the message that ends it
        self.typing_log: list[tuple[str, float]] = []
        self.undecryptable = 0  # messages that this phone could not decrypt
        self._unheard: list[Message] = []  # arrived, and not yet asked for with `hears`
        self._typists: dict[str, tuple[str, float]] = {}  # chat -> what, Unix time
        self._ticks: dict[str, str] = {}  # message id -> one of RANKS
        # The receipt for what a linked device has sent may be here before the copy of it.
        self._early: Recent[str, str] = Recent(EARLY)

    def chat_jid(self, chat: str) -> str:
        """The JID of a chat: of the person with a number, or a group's own."""
        account = self._simulator.server.accounts.get(chat.removeprefix("+"))
        return str(account.handset.jid) if account else chat

    @property
    def unheard(self) -> list[Message]:
        """What has come and was not asked for with `hears`."""
        return list(self._unheard)

    @property
    def typing(self) -> bool:
        """Whether the phone shows "typing..." now."""
        if not self.typing_log or self.typing_log[-1][0] not in ("composing", "recording"):
            return False
        return self._now() - self.typing_log[-1][1] < TYPING_FADES

    def typing_in(self, chat: str) -> str | None:
        """What the person of this chat, or the last one in a group, does now: composing, recording
        or nothing."""
        what, since = self._typists.get(chat, (None, 0.0))
        return what if self._now() - since < TYPING_FADES else None

    def ticks(self, message_id: str) -> str | None:
        """One of pending, sent, delivered and read; None for what this account did not send.

        They tell of the other account's linked devices; of its phone only when it has none.
        """
        return self._ticks.get(message_id)

    # What the handset reports

    def message_arrived(
        self,
        message_id: str,
        sender: Account,
        what: Content,
        raw: Any,
        device: int = 0,
        group: Jid | None = None,
    ) -> None:
        """Another account has sent something, in `group` or to this phone alone.

        `what` and `raw` are the same message, as a person sees it and as `waE2E.Message`;
        `device`: 0 for a phone, else the number of a linked device.
        """
        who = f"+{sender.number}"
        self._note(who, what.kind, what.text, what.target or message_id)
        if self.typing:
            self.typing_log.append(("arrived", self._now()))
        chat = str(group) if group else who
        self._typists.pop(chat, None)
        if what.kind == "reaction":
            self.reactions[what.target or ""] = what.text
            self._react(who, what)
        elif what.kind in ("edit", "delete"):
            self._change(what)
        else:
            message = self._keep(what, message_id, who, raw, chat=chat, device=device)
            self._unheard.append(message)
        self.changes.notify()

    def own_device_sent(
        self, message_id: str, chat: Jid, what: Content, raw: Any, device: int
    ) -> None:
        """A device linked to this phone's account has sent something to `chat`."""
        account = self._simulator.server.find(chat.person)
        name = f"+{account.number}" if account else str(chat)
        self._record_sent(message_id, name, what, raw, device)

    def record_sending(self, outgoing: Outgoing, chat: str) -> None:
        """Something was written on this phone; it waits there while the phone is offline."""
        self._ticks[outgoing.id] = "pending"
        self._record_sent(outgoing.id, chat, read(outgoing.message), outgoing.message)

    def record_departure(self, message_id: str) -> None:
        """The service has taken a message of this phone."""
        if self._ticks.get(message_id) == "pending":
            self._ticks[message_id] = "sent"
            self.changes.notify()

    def typing_changed(self, sender: Account, state: Node, group: Jid | None = None) -> None:
        """`state`: the child of a chatstate stanza, composing (perhaps of audio) or paused."""
        recording = state.tag == "composing" and state.text("media") == "audio"
        what = "recording" if recording else state.tag
        self.typing_log.append((what, self._now()))
        chat = str(group) if group else f"+{sender.number}"
        self._typists.pop(chat, None)
        if what != "paused":
            self._typists[chat] = what, self._now()
        self._note("them", "typing" if state.tag == "composing" else state.tag)
        self.changes.notify()

    def undecryptable_arrived(self, message_id: str, reason: str) -> None:
        """A linked device has sent what this phone could not decrypt."""
        self.undecryptable += 1
        self._note("them", "undecryptable", reason, message_id)
        self.changes.notify()

    def receipt_arrived(self, message_id: str, kind: str) -> None:
        """`kind`: the stanza's type, see RECEIPTS; a tick never goes back."""
        tick = RECEIPTS.get(kind)
        before = self._ticks.get(message_id)
        if tick is None or (before and RANKS[tick] <= RANKS[before]):
            return
        if before is None:
            self._early[message_id] = tick
            return
        self._ticks[message_id] = tick
        self._note("them", tick, "", message_id)
        self.changes.notify()

    # Inside

    def _react(self, who: str, what: Content) -> None:
        """The reaction of `who`; an empty one takes it back."""
        reactions = self.reactions_by.setdefault(what.target or "", {})
        reactions.pop(who, None)
        if what.text:
            reactions[who] = what.text

    def _change(self, what: Content) -> None:
        message = self.messages.get(what.target or "")
        if message and what.kind == "edit":
            message.text, message.edited = what.text, True
        elif message:
            message.deleted = True

    def _record_sent(
        self, message_id: str, chat: str, what: Content, raw: Any, device: int = 0
    ) -> None:
        self._note(self.number, what.kind, what.text, what.target or message_id)
        if what.kind == "reaction":
            self._react(self.number, what)
        elif what.kind in ("edit", "delete"):
            self._change(what)
        else:
            self._keep(what, message_id, self.number, raw, chat=chat, device=device, from_me=True)
            self._ticks.setdefault(message_id, self._early.pop(message_id, "sent"))
        self.changes.notify()

    def _keep(self, what: Content, message_id: str, who: str, raw: Any, **more: Any) -> Message:
        message = Message.of(what, message_id, who, raw, at=self._now(), **more)
        self.messages[message_id] = message
        return message

    def _now(self) -> float:
        return self._handset.clockwork.now()

    def _note(self, who: str, what: str, text: str = "", message_id: str = "") -> None:
        self.transcript.append(Entry(self._now(), who, what, text, message_id))
