"""The way to being linked, as the panel shows it. Linked and connected are two facts: an account
stays linked while the network is away."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.phone import Phone
from core.text.translation import Sentence, _

# whatsmeow (qrchan.go) shows six codes, the first for 60 s, the others for 20 s each. A pairing
# code lives no longer than that either.
QR_CODES, FIRST_QR, NEXT_QR = 6, 60, 20
ATTEMPT = FIRST_QR + (QR_CODES - 1) * NEXT_QR  # seconds in all


class Phase(StrEnum):
    """Where an attempt to link is. UNLINKED with an `end` is an attempt that came to nothing."""

    UNLINKED = "unlinked"
    STARTING = "starting"
    SCAN = "scan"
    CODE = "code"
    FINISHING = "finishing"
    LINKED = "linked"


@dataclass(frozen=True)
class EndWords:
    """What the owner reads of an end."""

    title: Sentence
    explanation: Sentence
    advice: Sentence | None = None  # what to do next


class End(StrEnum):
    """Why there is no link, or why a link ended."""

    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    PHONE_TOO_SHORT = "phone_too_short"
    PHONE_NOT_INTERNATIONAL = "phone_not_international"
    RATE_LIMITED = "rate_limited"
    PASSKEY = "passkey"
    OUTDATED = "outdated"
    UNREACHABLE = "unreachable"
    CRASHED = "crashed"
    UNLINKED_HERE = "unlinked_here"
    UNLINKED_OFFLINE = "unlinked_offline"
    REMOVED_ON_PHONE = "removed_on_phone"
    ACCOUNT_GONE = "account_gone"
    SESSION_LOST = "session_lost"  # SQL says linked, but the session files are not there
    REPLACED = "replaced"
    BANNED = "banned"

    @property
    def words(self) -> EndWords:
        return _WORDS[self]

    @property
    def sentence(self) -> str:
        """All of it in a line: what happened, and what to do next."""
        words = self.words
        advice = f" {words.advice}" if words.advice else ""
        return f"{words.title}. {words.explanation}{advice}"


_WORDS = {
    End.TIMED_OUT: EndWords(
        _("The code was not used in time"),
        _("An attempt lasts under three minutes."),
        _("Have the phone at hand and start again."),
    ),
    End.CANCELLED: EndWords(
        _("Linking was cancelled"),
        _("Nothing has changed on the phone."),
    ),
    End.REFUSED: EndWords(
        _("WhatsApp refused to link"),
        _("It gave no reason."),
        _(
            "Check that WhatsApp on the phone is up to date and that it has not four linked "
            "devices already. Then wait a few minutes and try again."
        ),
    ),
    End.PHONE_TOO_SHORT: EndWords(
        _("The number is too short"),
        _("WhatsApp makes no code for it."),
        _("Enter the whole number, with + and the country code."),
    ),
    End.PHONE_NOT_INTERNATIONAL: EndWords(
        _("The number is not in international form"),
        _("WhatsApp makes no code for it."),
        _("Start with + and the country code, and leave out the 0 that follows it at home."),
    ),
    End.RATE_LIMITED: EndWords(
        _("Too many codes were asked for"),
        _("WhatsApp makes no more codes for this number for a while."),
        _("Wait an hour, or scan a QR code instead."),
    ),
    End.PASSKEY: EndWords(
        _("This account asks for a passkey"),
        _(
            "Since summer 2026 WhatsApp asks some accounts for a passkey when a device is linked. "
            "The library that DjinnBot uses can't answer that, so this account can't be linked for "
            "now. It is nothing that you did."
        ),
        _(
            "You can update WhatsApp on the phone and try the other way of linking once. If it "
            "asks again, use another number: most accounts are not asked. An update of DjinnBot "
            "may bring the answer."
        ),
    ),
    End.OUTDATED: EndWords(
        _("WhatsApp wants a newer version"),
        _("It no longer accepts the version of the library that DjinnBot uses."),
        _("Update DjinnBot and restart it. Your link and your settings stay."),
    ),
    End.UNREACHABLE: EndWords(
        _("WhatsApp can't be reached"),
        _("No connection to its servers could be made."),
        _("Check this machine's way to the internet (web.whatsapp.com, port 443), then try again."),
    ),
    End.CRASHED: EndWords(
        _("The connection ended unexpectedly"),
        _("The worker's log has the details."),
        _("Try again. If it happens once more, the log is what to look at."),
    ),
    End.UNLINKED_HERE: EndWords(
        _("Unlinked"),
        _("DjinnBot was taken off the account's linked devices, and the session was deleted here."),
    ),
    End.UNLINKED_OFFLINE: EndWords(
        _("Unlinked here, but not on the phone"),
        _(
            "The session was deleted here. WhatsApp could not be told, because there was no "
            "connection."
        ),
        _("Remove the device on the phone too: WhatsApp, Settings, Linked Devices."),
    ),
    End.REMOVED_ON_PHONE: EndWords(
        _("The device was removed on the phone"),
        _("The link has ended and the session was deleted here."),
        _("Link again to go on. People who wrote meanwhile have to write again."),
    ),
    End.ACCOUNT_GONE: EndWords(
        _("WhatsApp does not know this account any more"),
        _("It may have been deleted, blocked, or moved to another number."),
        _("Open WhatsApp on the phone to see what it says, then link again."),
    ),
    End.SESSION_LOST: EndWords(
        _("The session's files are gone"),
        _("DjinnBot was linked, but the folder WHATSAPP_AUTH_DIR does not hold the session."),
        _(
            "If that folder should be on a volume, check that it is mounted and restart. Otherwise "
            "link again, and remove the old device on the phone."
        ),
    ),
    End.REPLACED: EndWords(
        _("Another program took over this session"),
        _(
            "The same session is in use elsewhere, perhaps by another DjinnBot with a copy of its "
            "files. To end the tug-of-war, this one stays disconnected."
        ),
        _("Stop the other one first, then take over."),
    ),
    End.BANNED: EndWords(
        _("WhatsApp has blocked this account for now"),
        _("Nothing can be sent or received meanwhile."),
        _(
            "Open WhatsApp on the phone: it says why, and lets you ask for a review. Repeated "
            "tries from here would make it worse, so there are none."
        ),
    ),
}


# After these the account is not linked any more and the session files are useless.
SESSION_ENDS = frozenset(
    {
        End.UNLINKED_HERE,
        End.UNLINKED_OFFLINE,
        End.REMOVED_ON_PHONE,
        End.ACCOUNT_GONE,
        End.SESSION_LOST,
    }
)
# After these the account is still linked, but connecting again needs the owner's decision.
STOPPING_ENDS = frozenset({End.REPLACED, End.BANNED, End.OUTDATED})


@dataclass(frozen=True)
class Link:
    """What SQL remembers of the account: who we are linked to, since when, why not any more."""

    phone: Phone | None = None
    device_name: str | None = None
    linked_at: datetime | None = None
    end: End | None = None
    ended_at: datetime | None = None

    @property
    def is_linked(self) -> bool:
        return self.phone is not None


@dataclass(frozen=True)
class Status:
    """What the worker says of the connection right now (kept in Redis with a time to live)."""

    phase: Phase
    connected: bool = False
    attempt: str | None = None  # id of the request that started the attempt
    qr: str | None = None  # a secret: who has it can link the account
    number: int = 0  # this is QR code n ...
    of: int = 0  # ... of so many
    code: str | None = None
    phone: Phone | None = None
    expires_at: datetime | None = None  # when this code or QR stops working
    end: End | None = None
    detail: str | None = None
    retry_at: datetime | None = None  # when the supervisor tries to connect again
