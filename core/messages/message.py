"""What reached us and what happened to it, in our words.

WhatsApp's own stay in worker/connection/whatsapp.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.phone import Phone
from core.text.translation import _


class Kind(StrEnum):
    """What a message is, as far as answering it is concerned."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    VOICE = "voice"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    POLL = "poll"
    REACTION = "reaction"
    EDIT = "edit"
    DELETE = "delete"
    UNDECRYPTABLE = "undecryptable"
    PROTOCOL = "protocol"  # key shares, history notices: the service talking to itself
    OTHER = "other"


class Place(StrEnum):
    """Where it was written. Direct chats are answered, and groups if the owner wants that."""

    DIRECT = "direct"
    GROUP = "group"
    STATUS = "status"
    OTHER = "other"  # channels, broadcast lists


class Reason(StrEnum):
    """Why a message was accepted, held or ignored. Stored with it."""

    ALLOWED_NUMBER = "allowed_number"
    ALLOWED_HIDDEN = "allowed_hidden"  # by the id under which WhatsApp hides their number
    ALLOWED_PREFIX = "allowed_prefix"
    ALLOWED_EVERYONE = "allowed_everyone"
    ALLOW_ALL = "allow_all"
    OWNER = "owner"  # written in the panel
    NOT_ALLOWED = "not_allowed"
    NUMBER_UNKNOWN = "number_unknown"
    BLOCKED = "blocked"
    DISABLED = "disabled"
    OWN_MESSAGE = "own_message"
    GROUP = "group"
    GROUP_NOT_ADDRESSED = "group_not_addressed"
    GROUP_NOT_ALLOWED = "group_not_allowed"
    STATUS_POST = "status_post"
    NOT_A_CHAT = "not_a_chat"
    PROTOCOL = "protocol"
    REACTION = "reaction"
    EDIT = "edit"
    DELETE = "delete"
    UNDECRYPTABLE = "undecryptable"
    UNLINKED = "unlinked"  # it was waiting when the account was unlinked

    @property
    def sentence(self) -> str:
        """What the owner reads in the panel."""
        return str(_SENTENCES[self])


_SENTENCES = {
    Reason.ALLOWED_NUMBER: _("The sender's number is on the allowlist."),
    Reason.ALLOWED_HIDDEN: _(
        "This person is on the allowlist, by the id under which WhatsApp hides their number."
    ),
    Reason.ALLOWED_PREFIX: _("The allowlist has a prefix that the sender's number begins with."),
    Reason.ALLOWED_EVERYONE: _("The allowlist has *, so everyone may write."),
    Reason.ALLOW_ALL: _("“Allow all senders” is switched on."),
    Reason.OWNER: _("You wrote it in the panel."),
    Reason.NOT_ALLOWED: _(
        "The sender's number is not on the allowlist, so nothing was answered. They were not told."
    ),
    Reason.NUMBER_UNKNOWN: _(
        "WhatsApp hides this sender's number, and the allowlist doesn't have them. Nothing was "
        "answered. They were not told."
    ),
    Reason.BLOCKED: _("The sender is blocked."),
    Reason.DISABLED: _("Answering was switched off when it came."),
    Reason.OWN_MESSAGE: _("It was sent from the linked account itself."),
    Reason.GROUP: _(
        "It was written in a group, and groups are ignored. The settings on the WhatsApp page can "
        "change that."
    ),
    Reason.GROUP_NOT_ADDRESSED: _(
        "It was written in a group and not to us: it did not mention this number, answer one of "
        "its messages, or begin with a command or an agent's name."
    ),
    Reason.GROUP_NOT_ALLOWED: _(
        "It was written in a group by somebody who may not write to this number. They were not "
        "told."
    ),
    Reason.STATUS_POST: _("It is a status post. Those are not answered."),
    Reason.NOT_A_CHAT: _(
        "It was written in a channel or a broadcast list. Those are not answered."
    ),
    Reason.PROTOCOL: _("WhatsApp's programs talked to each other. Nobody said anything."),
    Reason.REACTION: _("It is a reaction. Reactions are not answered."),
    Reason.EDIT: _("It changed an earlier message."),
    Reason.DELETE: _("It was deleted by its sender, or took back an earlier message."),
    Reason.UNDECRYPTABLE: _(
        "It could not be decrypted. WhatsApp asks the sender's phone to send it again, which is a "
        "message of its own."
    ),
    Reason.UNLINKED: _("The account was unlinked before it could be answered."),
}


@dataclass(frozen=True)
class Inbound:
    """One message as the connection hands it over. `chat` and `sender` are WhatsApp addresses,
    opaque outside worker/connection/whatsapp.py; `chat` is where the answer goes. `account` is our
    number. `phone` and `lid` are the other side's: the sender's or, of a message that the owner
    typed on their phone (`from_me`) in a direct chat, its reader's. `is_to_us`: written in a group,
    it mentions us or answers something of ours."""

    account: str
    chat: str
    sender: str
    message_id: str
    place: Place
    kind: Kind
    text: str
    sent_at: datetime
    from_me: bool = False
    phone: Phone | None = None
    lid: str | None = None
    push_name: str = ""
    quoted_id: str | None = None
    quoted_text: str | None = None
    # The message an edit, a deletion or a reaction is about.
    target_id: str | None = None
    is_to_us: bool = False
    # What there is to know of a picture, a place, a poll (core/messages/attachment.py).
    facts: Mapping[str, Any] | None = None
    raw: bytes = b""
