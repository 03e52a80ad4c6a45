"""The link wizard: which of its screens to show, from what the worker says, what SQL remembers
and what the owner has just asked for. Pure, so that every case can be tested without a browser."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Self, get_args

from app.web import respond
from app.web.process_health import ProcessHealth
from core.link import FIRST_QR, NEXT_QR, STOPPING_ENDS, End, Link, Phase, Status
from core.phone import Phone
from core.text.translation import Sentence, _
from store.redis.live import REQUEST_TTL, Wish

UNDER_WAY = frozenset({Phase.STARTING, Phase.SCAN, Phase.CODE, Phase.FINISHING})
PATIENCE = timedelta(seconds=REQUEST_TTL)  # older requests are not carried out any more
HOPE = timedelta(minutes=2)  # how long an open page looks whether a missing worker is back


@dataclass(frozen=True)
class ScreenWords:
    """What a screen says first, and how it looks."""

    title: Sentence
    colour: str = "azure"
    icon: str | None = None  # None: something turns, because something is under way
    text: Sentence | None = None  # None: what there is to say needs more than a sentence


class Kind(StrEnum):
    """The screens. The first two are about the request, the next three about the processes."""

    ASKING = "asking"
    UNANSWERED = "unanswered"
    NO_REDIS = "no_redis"
    NO_WORKER = "no_worker"
    STANDBY = "standby"
    UNLINKED = "unlinked"
    STARTING = "starting"
    SCAN = "scan"
    CODE = "code"
    FINISHING = "finishing"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    STOPPED = "stopped"

    @property
    def words(self) -> ScreenWords:
        return _WORDS[self]


_WORDS = {
    Kind.ASKING: ScreenWords(_("Asking the worker …"), text=_("This takes a few seconds.")),
    Kind.UNANSWERED: ScreenWords(
        _("The worker did not answer"),
        "orange",
        "alert-triangle",
        _(
            "It had 30 seconds. Look at its log for what it is doing, or restart it, then try "
            "again."
        ),
    ),
    Kind.NO_REDIS: ScreenWords(
        _("Redis does not answer"),
        "red",
        "alert-triangle",
        _(
            "Without Redis the worker can't be reached. Check that it runs; this page sees it when "
            "it is back."
        ),
    ),
    Kind.NO_WORKER: ScreenWords(
        _("The worker is not running"),
        "red",
        "plug-connected-x",
        _(
            "Nobody is there to talk to WhatsApp. Start it with {run} (or the {worker} line of the "
            "Procfile); its log says why it ended."
        ),
    ),
    Kind.STANDBY: ScreenWords(
        _("Waiting for the connection's lock"),
        "orange",
        "hourglass",
        _(
            "A worker is running, but another one held the WhatsApp lock until a moment ago. It "
            "takes over within 30 seconds."
        ),
    ),
    Kind.UNLINKED: ScreenWords(_("Not linked yet"), "secondary", "link"),
    Kind.STARTING: ScreenWords(
        _("Starting …"), text=_("A fresh connection to WhatsApp is being made.")
    ),
    Kind.SCAN: ScreenWords(_("Scan this code with your phone"), icon="qrcode"),
    Kind.CODE: ScreenWords(_("Type this code on your phone"), icon="password"),
    Kind.FINISHING: ScreenWords(
        _("Finishing on both sides …"),
        text=_(
            "The phone has accepted. The keys are being exchanged; this takes up to half a minute."
        ),
    ),
    Kind.CONNECTED: ScreenWords(_("Connected"), "green", "plug-connected"),
    Kind.RECONNECTING: ScreenWords(_("Linked, connecting …"), "orange"),
    Kind.STOPPED: ScreenWords(_("The connection was stopped."), "red", "alert-triangle"),
}


@dataclass(frozen=True)
class Question:
    """What the owner has just asked of the worker. Travels in the address of the poll."""

    wish: Wish
    attempt: str
    at: datetime

    @classmethod
    def read(cls, wish: str | None, attempt: str | None, at: datetime | None) -> Self | None:
        """From an address, None unless it is whole."""
        for known in get_args(Wish):
            if wish == known and attempt and at:
                return cls(known, attempt, at)
        return None

    def is_answered(self, status: Status | None, link: Link) -> bool:
        """Whether what the worker does now is an answer to this."""
        if self.wish == "unlink":
            return not link.is_linked
        if status is None:
            return False
        if self.wish == "cancel":
            return status.phase not in UNDER_WAY
        if self.wish == "take_over":
            return status.end is not End.REPLACED
        return status.attempt == self.attempt or status.phase is Phase.LINKED


@dataclass(frozen=True)
class Screen:
    """What to show."""

    kind: Kind
    link: Link
    status: Status | None = None
    end: End | None = None
    question: Question | None = None
    poll: Literal[1, 2, 5] | None = None  # in how many seconds to look again, None not to

    @property
    def words(self) -> ScreenWords:
        """Where nothing is under way, the title is why there is no link or no connection."""
        words = self.kind.words
        if self.end is None or self.kind not in (Kind.UNLINKED, Kind.STOPPED):
            return words
        colour = "red" if self.kind is Kind.STOPPED else "orange"
        return ScreenWords(self.end.words.title, colour, "alert-triangle")

    @property
    def phone(self) -> Phone | None:
        return self.link.phone or (self.status.phone if self.status else None)

    @property
    def is_waiting(self) -> bool:
        """Something is about to change: a page without scripts reloads itself."""
        return self.poll in (1, 2)

    @property
    def is_linked(self) -> bool:
        """There is an account, or a session that is about to say whose it is."""
        return self.link.is_linked or self.kind is Kind.RECONNECTING

    @property
    def lifetime(self) -> int:
        """Seconds that the code on show had when it was new."""
        status = self.status
        if status and status.phase is Phase.SCAN:
            return FIRST_QR if status.number <= 1 else NEXT_QR
        return FIRST_QR + 5 * NEXT_QR

    @property
    def fingerprint(self) -> str:
        """Changes with what is seen. Says nothing of the QR code or the pairing code."""
        status = self.status
        seen = (self.kind, self.end, self.link, self.poll, self.question)
        now = status and (status.number, status.attempt, status.expires_at, status.retry_at)
        return respond.fingerprint(seen, now)


def choose_screen(
    health: ProcessHealth, link: Link, question: Question | None, since: datetime, now: datetime
) -> Screen:
    """`since` is when this page began to look: it does not look for a missing worker for ever."""
    status = health.status
    if question and health.redis and not question.is_answered(status, link):
        if abs(now - question.at) < PATIENCE:
            return Screen(Kind.ASKING, link, status, question=question, poll=1)
        return Screen(Kind.UNANSWERED, link, status, question=question)
    if status is None:
        return Screen(
            _name_missing(health), link, end=link.end, poll=5 if abs(now - since) < HOPE else None
        )
    if status.phase in UNDER_WAY:
        return Screen(Kind(status.phase), link, status, poll=2)
    return _choose_settled(status, link)


def _choose_settled(status: Status, link: Link) -> Screen:
    """Linked or not, and nothing under way. Where SQL and the worker disagree, one of the two is
    about to follow, so the next look comes soon."""
    if status.phase is Phase.LINKED and (link.is_linked or not status.connected):
        poll: Literal[2, 5] = 5 if link.is_linked else 2
        if status.connected:
            return Screen(Kind.CONNECTED, link, status, poll=poll)
        kind = Kind.STOPPED if status.end in STOPPING_ENDS else Kind.RECONNECTING
        return Screen(kind, link, status, end=status.end, poll=poll)
    if status.phase is Phase.LINKED:  # connected a moment ago, and unlinked now
        return Screen(Kind.UNLINKED, link, end=link.end, poll=2)
    if link.is_linked:
        return Screen(Kind.RECONNECTING, link, status, poll=2)
    return Screen(Kind.UNLINKED, link, status, end=status.end or link.end)


def _name_missing(health: ProcessHealth) -> Kind:
    if not health.redis:
        return Kind.NO_REDIS
    return Kind.STANDBY if health.workers else Kind.NO_WORKER
