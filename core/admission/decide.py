"""Whether a message is answered. One pure function, for the worker and the panel's tester."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.admission.allowlist import EVERYONE, Entry, find
from core.messages.message import Kind, Place, Reason
from core.phone import Phone
from core.settings import Groups, Settings

Verdict = Literal["accept", "hold", "ignore"]

_NOT_A_REMARK = {
    Kind.PROTOCOL: Reason.PROTOCOL,
    Kind.REACTION: Reason.REACTION,
    Kind.EDIT: Reason.EDIT,
    Kind.DELETE: Reason.DELETE,
    Kind.UNDECRYPTABLE: Reason.UNDECRYPTABLE,
}
_NOT_ANSWERED = {
    Place.STATUS: Reason.STATUS_POST,
    Place.OTHER: Reason.NOT_A_CHAT,
}


@dataclass(frozen=True)
class Decision:
    """What is to become of one message."""

    verdict: Verdict
    reason: Reason
    entry: Entry | None = None  # the allowlist line that let the sender in, if one did


def decide(
    *,
    place: Place,
    kind: Kind,
    from_me: bool,
    phone: Phone | None,
    lid: str | None,
    is_blocked: bool,
    settings: Settings,
    entries: Sequence[Entry],
    is_addressed: bool = False,
) -> Decision:
    """Judge one message. Whatever is neither accepted nor held leaves no trace for its sender.

    `is_addressed`: in a group, the text is for us. Messages from a group are never held: its
    members are not at our door.
    """
    if from_me:
        return Decision("ignore", Reason.OWN_MESSAGE)
    if place in _NOT_ANSWERED:
        return Decision("ignore", _NOT_ANSWERED[place])
    if place is Place.GROUP and settings.groups is Groups.IGNORE:
        return Decision("ignore", Reason.GROUP)
    if kind in _NOT_A_REMARK:
        return Decision("ignore", _NOT_A_REMARK[kind])
    if not settings.enabled:
        return Decision("ignore", Reason.DISABLED)
    if is_blocked:
        return Decision("ignore", Reason.BLOCKED)
    if place is Place.DIRECT:
        return admit(phone, lid, settings, entries)
    if not is_addressed:
        return Decision("ignore", Reason.GROUP_NOT_ADDRESSED)
    found = admit(phone, lid, settings, entries)
    return found if found.verdict == "accept" else Decision("ignore", Reason.GROUP_NOT_ALLOWED)


def admit(
    phone: Phone | None, lid: str | None, settings: Settings, entries: Sequence[Entry]
) -> Decision:
    """Whether this sender may write at all."""
    entry = find(phone, lid, entries)
    if entry is not None:
        return Decision("accept", admitted_by(entry), entry)
    if settings.allow_all:
        return Decision("accept", Reason.ALLOW_ALL)
    return Decision("hold", Reason.NUMBER_UNKNOWN if phone is None else Reason.NOT_ALLOWED)


def admitted_by(entry: Entry) -> Reason:
    """Why a person that this entry lets in is answered."""
    if entry.pattern.is_hidden:
        return Reason.ALLOWED_HIDDEN
    if entry.pattern == EVERYONE:
        return Reason.ALLOWED_EVERYONE
    return Reason.ALLOWED_PREFIX if entry.pattern.is_prefix else Reason.ALLOWED_NUMBER
