"""Whether a message is answered. One pure function, for the worker and the panel's tester."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.allowlist import EVERYONE, Entry, find
from core.message import Kind, Place, Reason
from core.phone import Phone
from core.settings import Settings

Verdict = Literal["accept", "hold", "ignore"]

_NOT_A_REMARK = {
    Kind.PROTOCOL: Reason.PROTOCOL,
    Kind.REACTION: Reason.REACTION,
    Kind.EDIT: Reason.EDIT,
    Kind.DELETE: Reason.DELETE,
    Kind.UNDECRYPTABLE: Reason.UNDECRYPTABLE,
}
_NOT_DIRECT = {
    Place.GROUP: Reason.GROUP,
    Place.STATUS: Reason.STATUS_POST,
    Place.OTHER: Reason.NOT_A_CHAT,
}


@dataclass(frozen=True)
class Decision:
    """`entry` is the allowlist line that let the sender in, if one did."""

    verdict: Verdict
    reason: Reason
    entry: Entry | None = None


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
) -> Decision:
    """Judge one message. Whatever is neither accepted nor held leaves no trace for its sender."""
    if from_me:
        return Decision("ignore", Reason.OWN_MESSAGE)
    if place is not Place.DIRECT:
        return Decision("ignore", _NOT_DIRECT[place])
    if kind in _NOT_A_REMARK:
        return Decision("ignore", _NOT_A_REMARK[kind])
    if not settings.enabled:
        return Decision("ignore", Reason.DISABLED)
    if is_blocked:
        return Decision("ignore", Reason.BLOCKED)
    return admit(phone, lid, settings, entries)


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
    """Why somebody is answered whom this entry lets in."""
    if entry.pattern.is_hidden:
        return Reason.ALLOWED_HIDDEN
    if entry.pattern == EVERYONE:
        return Reason.ALLOWED_EVERYONE
    return Reason.ALLOWED_PREFIX if entry.pattern.is_prefix else Reason.ALLOWED_NUMBER
