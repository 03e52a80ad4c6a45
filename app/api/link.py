"""/v1/whatsapp/link and unlink: asking the worker, and waiting a little for what comes of it.

Clients ask for the QR code again and again, since WhatsApp changes it every 20 to
60 seconds: while an attempt is under way they get its code, and no second attempt begins.
"""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from flask import abort
from redis.exceptions import RedisError

from app.api import wire
from app.api.keys import record
from app.api.operation import Operation
from app.web.ext import db, live
from core.link import End, Link, Phase, Status
from core.phone import Phone
from store import link
from store.account.audit import Action
from store.redis.live import Wish

WAIT_SECONDS = 15.0
POLL_SECONDS = 0.1
UNDER_WAY = frozenset({Phase.STARTING, Phase.SCAN, Phase.CODE, Phase.FINISHING})
UNKNOWN = Status(Phase.UNLINKED)
# The answer's code for an end of an attempt that the caller can do something about.
END_CODES: Mapping[End, int] = {
    End.PHONE_TOO_SHORT: 422,
    End.PHONE_NOT_INTERNATIONAL: 422,
    End.RATE_LIMITED: 429,
}

T = TypeVar("T")

NO_WORKER = "The worker is not running: nobody can talk to WhatsApp."
LINKED = "An account is linked already. Unlink it first."
BY_CODE = "Linking by pairing code is under way. Ask again when it has ended."


def start_link() -> wire.QrCode:
    _refuse_if_linked()
    before = _read_worker_status()
    if before.phase is Phase.CODE:
        abort(409, BY_CODE)
    # The end of an earlier attempt stays to be seen until the new one begins.
    stale = before.attempt if before.phase not in UNDER_WAY else None
    if before.phase not in UNDER_WAY:
        _ask("link")

    def code() -> str | None:
        status = live().read_status() or UNKNOWN
        _refuse_if_over(status, stale=stale)
        return status.qr if status.phase is Phase.SCAN else None

    return wire.QrCode(qr=wait_for(code, "No QR code came within 15 seconds. Ask again."))


def request_pairing_code(body: wire.PairingCodeRequest) -> wire.PairingCode:
    _refuse_if_linked()
    _read_worker_status()
    attempt = _ask("code", body.phone_number)

    def code() -> str | None:
        status = live().read_status() or UNKNOWN
        if status.phase is not Phase.LINKED and status.attempt != attempt:
            return None
        _refuse_if_over(status, stale=None)
        return status.code if status.phase is Phase.CODE else None

    return wire.PairingCode(code=wait_for(code, "No pairing code came within 15 seconds."))


def read_link_status() -> wire.LinkStatus:
    """Without a worker, or without Redis, SQL still knows whether we are linked."""
    account = _load_link()
    try:
        status = live().read_status()
    except RedisError:
        status = None
    return wire.LinkStatus(
        linked=account.is_linked,
        phone_number=account.phone,
        phase=status.phase if status else Phase.LINKED if account.is_linked else Phase.UNLINKED,
        connected=status is not None and status.connected,
    )


def unlink() -> wire.Unlinked:
    if not _load_link().is_linked:
        abort(409, "No account is linked.")
    _read_worker_status()
    _ask("unlink")
    wait_for(lambda: not _load_link().is_linked, "The worker has not unlinked within 15 seconds.")
    return wire.Unlinked()


def wait_for(find: Callable[[], T | None], late: str) -> T:
    """Call `find` until it finds something. Raises 504 with the sentence `late` after
    `WAIT_SECONDS`. Keeps one thread of the web process, of which there are enough."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := find()):
        if time.monotonic() > deadline:
            abort(504, late)
        time.sleep(POLL_SECONDS)
    return found


def _load_link() -> Link:
    with db().read() as connection:
        return link.load(connection)


def _read_worker_status() -> Status:
    """Raises 503 when there is no sign of a worker. One that has just started says nothing yet."""
    status = live().read_status()
    if status is None and not live().list_heartbeats("worker"):
        abort(503, NO_WORKER)
    return status or UNKNOWN


def _ask(wish: Wish, phone: Phone | None = None) -> str:
    with db().write() as connection:
        record(connection, Action(f"asked to {wish}"), phone or "")
    return live().request(wish, phone)


def _refuse_if_linked() -> None:
    if _load_link().is_linked:
        abort(409, LINKED)


def _refuse_if_over(status: Status, *, stale: str | None) -> None:
    """Raises what an attempt came to, if it is over; the attempt `stale` does not count."""
    if status.phase is Phase.LINKED:
        abort(409, LINKED)
    if status.end and status.attempt != stale:
        abort(*describe_end(status.end))


def describe_end(end: End) -> tuple[int, str]:
    """What an attempt that came to nothing is answered with: the code and the sentence."""
    code = END_CODES.get(end, 502)
    return code, f"phoneNumber: {end.sentence}" if code == 422 else end.sentence


OPERATIONS = (
    Operation(
        "POST",
        "/whatsapp/link",
        start_link,
        "Begin to link an account, or get the current QR code of the attempt under way",
        scopes=("link",),
        answer=wire.QrCode,
        problems={
            409: "An account is linked already, or linking by pairing code is under way.",
            502: "The attempt ended; the sentence says why.",
            504: "No QR code came within 15 seconds.",
        },
    ),
    Operation(
        "POST",
        "/whatsapp/link/pairing-code",
        request_pairing_code,
        "Begin to link the account of this number by a code to type on its phone",
        scopes=("link",),
        body=wire.PairingCodeRequest,
        answer=wire.PairingCode,
        problems={
            409: "An account is linked already.",
            429: "WhatsApp allows no more codes for now, or too many requests with this key.",
            502: "The attempt ended; the sentence says why.",
            504: "No code came within 15 seconds.",
        },
    ),
    Operation(
        "GET",
        "/whatsapp/link/status",
        read_link_status,
        "Whether an account is linked, and connected at the moment",
        scopes=("link", "config:read"),
        answer=wire.LinkStatus,
    ),
    Operation(
        "POST",
        "/whatsapp/unlink",
        unlink,
        "Unlink the account and delete its session",
        scopes=("link",),
        answer=wire.Unlinked,
        problems={
            409: "No account is linked.",
            504: "The worker has not unlinked within 15 seconds.",
        },
    ),
)
