"""The state machine around the connection process: what to start, what its words mean, when to
start another.

A link attempt can't be cancelled inside a process and a client that ended badly can't be used
again, so the connection is a thing to be replaced: cheap to start, safe to end.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog

from core.link import ATTEMPT, QR_CODES, SESSION_ENDS, STOPPING_ENDS, End, Phase, Status
from core.phone import Phone
from runtime.backoff import Backoff
from store.link_history import Event
from store.redis.live import Heartbeat, Request
from store.sql.engine import Database
from worker.ipc import Order, PipeEvent, Report
from worker.supervisor.account import Account
from worker.supervisor.connection_process import ConnectionProcess, OnEvent
from worker.supervisor.link_history import LinkHistory
from worker.supervisor.session import Session

log = structlog.get_logger()

START_LIMIT = 30.0  # a server that accepts and stays silent: no QR code, no error, no end
OFFLINE_LIMIT = 90.0  # the library reconnects by itself; after this long it gets a fresh process
SEND_LIMIT = 90.0  # a send that hangs blocks all others
HEARTBEAT_LIMIT = 30.0
PAIRED_LIMIT = 20.0  # the library tries once to log in after linking, and says nothing if it fails
UNLINK_LIMIT = 15.0  # WhatsApp's answer to a log-out; after that we forget the account anyway
ATTEMPT_LIMIT = ATTEMPT + 15.0  # the library ends an attempt by itself, and should have by then
CANCELLABLE = (Phase.STARTING, Phase.SCAN, Phase.CODE)
LINKING = (*CANCELLABLE, Phase.FINISHING)
RECONNECTS = Backoff(first=2.0, factor=1.8, jitter=0.25)  # until the next try to connect


class Spawn(Protocol):
    """Starts a connection process, whose reports go to `on_event`."""

    def __call__(
        self, *, mode: str, fence: int, phone: Phone | None, on_event: OnEvent
    ) -> ConnectionProcess: ...


class Bridge:
    """All of it runs in the supervisor's thread, but for `lose_lock`.

    `say` is called with every new status; `post` hands a piece of work to the supervisor's thread;
    `next_fence` counts connections, as far as Redis remembers; `spawn` starts a connection process
    and `clock` is its monotonic time, in seconds. What the database raises goes to the caller, who
    starts again from `begin`: SQL and the session's files say all that has to be known there.
    """

    def __init__(
        self,
        database: Database,
        session: Session,
        *,
        say: Callable[[Status], None],
        post: Callable[[Callable[[], None]], None],
        next_fence: Callable[[], int],
        spawn: Spawn = ConnectionProcess,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account = Account(database)
        self._session = session
        self._announce = say
        self._post = post
        self._next_fence = next_fence
        self._spawn = spawn
        self._clock = clock
        self._process: ConnectionProcess | None = None
        self._heartbeat: Heartbeat | None = None
        self._history = LinkHistory(database)
        self._may_start = threading.Lock()
        self._has_lock = False
        self._backoff = RECONNECTS
        self._start_at: float | None = None
        self._online_since: float | None = None
        self._offline_since = 0.0
        self._was_online_for = 0.0  # seconds, the longest time of this process
        self._unlink_by: float | None = None
        self.status = Status(Phase.UNLINKED)
        self.fence: int | None = None
        self.settings_version: int | None = None

    def begin(self) -> None:
        """We have the lock: connect if there is an account, unless the owner must decide first."""
        self._has_lock = True
        self._backoff = RECONNECTS
        link = self._account.load_link()
        if link.is_linked and link.end is End.REPLACED:
            self._say(Status(Phase.LINKED, phone=link.phone, end=link.end))
        elif link.is_linked or self._session.exists():
            self._resume()
        else:
            self._say(Status(Phase.UNLINKED, end=link.end))

    def end(self) -> None:
        """We stop, or have no lock any more. Blocks until the connection process has left."""
        self._end_process()
        self.fence = None
        self.status = replace(self.status, connected=False)

    @property
    def heartbeat(self) -> Heartbeat | None:
        """The connection process's latest heartbeat."""
        return self._heartbeat if self._process else None

    def lose_lock(self) -> None:
        """In the lock's thread: the connection has to be gone before the lock is another's."""
        with self._may_start:
            self._has_lock = False
            process = self._process
        if process:
            process.end()

    def tick(self) -> None:
        """Called about twice a second: start what is due, replace what hangs."""
        now = self._clock()
        if self._start_at is not None and now >= self._start_at:
            self._start("resume")
        if self._unlink_by is not None and now >= self._unlink_by:
            self._forget(End.UNLINKED_OFFLINE)
        if self._process:
            self._watch(self._process, now)

    # What the panel and the API ask for ----------------------------------------------------------

    def handle(self, request: Request) -> None:
        wishes: dict[str, Callable[[Request], None]] = {
            "link": self._begin_link,
            "code": self._begin_link,
            "cancel": self._cancel,
            "unlink": self._unlink,
            "take_over": self._reclaim,
        }
        log.info("Asked by the panel or the API", wish=request.wish)
        if wish := wishes.get(request.wish):
            wish(request)

    def _begin_link(self, request: Request) -> None:
        """Each attempt is a fresh process; one that is under way makes room. Only QR codes are
        shared: asking for them twice must not make the first one stale."""
        if self._account.load_link().is_linked:
            return
        mode = self._process.mode if self._process and self.status.phase in LINKING else None
        if request.wish == mode == "link":
            self._say(replace(self.status, attempt=request.id))
            return
        self._end_process()
        self._session.delete()  # left by an attempt that did not end well
        phone = Phone(request.phone) if request.phone else None
        self._say(Status(Phase.STARTING, attempt=request.id, phone=phone))
        self._start(request.wish, phone)

    def _cancel(self, request: Request) -> None:
        """Once the phone has scanned there is nothing left to cancel: that is unlinking."""
        if self.status.phase in CANCELLABLE:
            self._give_up(End.CANCELLED)

    def _unlink(self, request: Request) -> None:
        """Tell WhatsApp if that is possible, and forget the session in any case."""
        if self.status.phase in CANCELLABLE:
            self._cancel(request)
        elif self._process and self.status.connected:
            self._unlink_by = self._unlink_by or self._clock() + UNLINK_LIMIT
            self._process.send(Order.UNLINK)  # its answer is "unlinked", see _on_unlinked
        elif self._account.load_link().is_linked or self._session.exists():
            self._forget(End.UNLINKED_OFFLINE)

    def _reclaim(self, request: Request) -> None:
        """The owner wants the connection here and now, whichever worker has it."""
        if self._account.load_link().is_linked and not self.status.connected:
            self._backoff = RECONNECTS
            self._resume()

    # The connection process ----------------------------------------------------------------------

    def _resume(self) -> None:
        self._say(Status(Phase.LINKED, phone=self._account.load_link().phone))
        self._start("resume")

    def _start(self, mode: str, phone: Phone | None = None) -> None:
        self._end_process()
        self.fence = self._account.raise_fence(self._next_fence())
        self._offline_since = self._clock()
        self._online_since = None
        self._was_online_for = 0.0
        self.status = replace(self.status, retry_at=None)
        with self._may_start:
            if self._has_lock:
                self._process = self._spawn(
                    mode=mode, fence=self.fence, phone=phone, on_event=self._take_event
                )
                pid = self._process.pid
                log.info("Connection process started", pid=pid, mode=mode, fence=self.fence)
        if self._process:
            self._note(Event.STARTED, mode)

    def _end_process(self) -> None:
        process, self._process = self._process, None
        self._heartbeat = None
        self._start_at = self._unlink_by = None
        if process is None:
            return
        if self.status.phase in LINKING:
            process.kill()  # there is nothing to save, and no orderly way out
        else:
            process.end()

    def _watch(self, process: ConnectionProcess, now: float) -> None:
        """Replace a connection that the library has given up without saying so."""
        phase, offline_for = self.status.phase, now - self._offline_since
        if now - process.heard_at > HEARTBEAT_LIMIT:
            self._replace_process("it gave no sign of life")
        elif phase is Phase.STARTING and offline_for > START_LIMIT:
            self._give_up(End.UNREACHABLE)
        elif phase in (Phase.SCAN, Phase.CODE) and offline_for > ATTEMPT_LIMIT:
            self._give_up(End.TIMED_OUT)
        elif phase is Phase.FINISHING and offline_for > PAIRED_LIMIT:
            self._replace_process("it did not log in after linking")
        elif phase is Phase.LINKED and not self._online_since and offline_for > OFFLINE_LIMIT:
            self._replace_process("it was offline for too long")

    def _replace_process(self, why: str) -> None:
        log.warning("The connection process is replaced", why=why)
        self._note(Event.GIVEN_UP, why)
        self._go_on(End.CRASHED)

    def _go_on(self, reason: End, detail: str | None = None) -> None:
        """Without this process, which ended or has to: what was to be done is still to be done."""
        if self._unlink_by is not None:
            self._forget(End.UNLINKED_OFFLINE)
        elif self._is_attempt:
            self._give_up(reason, detail)
        else:
            self._retry_later(reason, detail)

    @property
    def _is_attempt(self) -> bool:
        return self.status.phase in LINKING and not self._account.load_link().is_linked

    def _retry_later(self, reason: End, detail: str | None) -> None:
        self._note_offline()
        self._end_process()
        self._backoff = self._backoff.advance(self._was_online_for)
        delay = self._backoff.delay(random.random())
        self._start_at = self._clock() + delay
        retry_at = _now() + timedelta(seconds=delay)
        self._note(reason, detail or "")
        self._note(Event.RETRY, f"{delay:.1f} s")
        self._say(Status(Phase.LINKED, phone=self._account.load_link().phone, retry_at=retry_at))

    def _give_up(self, reason: End, detail: str | None = None) -> None:
        """The attempt to link came to nothing. Its session file must not look like a session."""
        self._end_process()
        self._session.delete()
        self._note(reason, detail or "")
        attempt = self.status.attempt
        self._say(Status(Phase.UNLINKED, end=reason, detail=detail, attempt=attempt))

    # What the connection process says ------------------------------------------------------------

    def _take_event(self, process: ConnectionProcess, event: PipeEvent) -> None:
        """In the thread that reads its pipe."""
        self._post(lambda: self._handle_event(process, event))

    def _handle_event(self, process: ConnectionProcess, event: PipeEvent) -> None:
        """What a process reports that was replaced since does not count."""
        if process is not self._process:
            return
        handler = self.handlers.get(event.name)
        if handler:  # a process that was started after an update may report more
            handler(**event.arguments)

    @property
    def handlers(self) -> Mapping[str, Callable[..., None]]:
        return {
            Report.QR: self._on_qr,
            Report.CODE: self._on_code,
            Report.FINISHING: self._on_finishing,
            Report.PAIRED: self._on_paired,
            Report.CONNECTED: self._on_connected,
            Report.DISCONNECTED: self._on_disconnected,
            Report.HEARTBEAT: self._on_heartbeat,
            Report.UNLINKED: self._on_unlinked,
            Report.ENDED: self._on_ended,
            Report.DRAINED: lambda: None,  # "exited" follows
            Report.EXITED: self._on_exited,
        }

    def _on_qr(self, payload: str, number: int, seconds: float) -> None:
        shown = replace(self.status, phase=Phase.SCAN, qr=payload, number=number, of=QR_CODES)
        self._say(replace(shown, expires_at=_now() + timedelta(seconds=seconds)))

    def _on_code(self, code: str, seconds: float) -> None:
        expires_at = _now() + timedelta(seconds=seconds)
        self._say(replace(self.status, phase=Phase.CODE, code=code, expires_at=expires_at))

    def _on_finishing(self) -> None:
        self._offline_since = self._clock()
        self._say(Status(Phase.FINISHING, attempt=self.status.attempt))

    def _on_paired(self, phone: str, device_name: str) -> None:
        self._offline_since = self._clock()
        self._account.record_pairing(Phone(phone), device_name, self.fence)

    def _on_connected(self, phone: str | None, device_name: str) -> None:
        log.info("[WhatsAppBridge] Connection: open")
        self._note(Event.ONLINE)
        self._online_since = self._clock()
        link = self._account.load_link()
        known = Phone(phone) if phone else link.phone
        if known and (link.phone != known or link.end):
            self._account.record_link(known, device_name)
        attempt = self.status.attempt
        self._say(Status(Phase.LINKED, connected=True, phone=known, attempt=attempt))

    def _on_disconnected(self) -> None:
        log.info("[WhatsAppBridge] Connection: closed, the library tries again")
        self._went_offline("the library tries again")

    def _went_offline(self, why: str) -> None:
        self._note_offline()
        if self.status.connected:
            self._note(Event.OFFLINE, why)
            self._say(replace(self.status, connected=False))

    def _note_offline(self) -> None:
        if self._online_since is not None:
            now = self._clock()
            self._was_online_for = max(self._was_online_for, now - self._online_since)
            self._online_since, self._offline_since = None, now

    def _on_heartbeat(
        self,
        online: bool,
        settings_version: int,
        sending_for: float,
        heartbeat: Mapping[str, Any] | None = None,
    ) -> None:
        self.settings_version = settings_version
        self._heartbeat = Heartbeat(**heartbeat) if heartbeat else None
        if sending_for > SEND_LIMIT:
            self._replace_process("a send did not come back")
        elif online and self.status.phase is Phase.LINKED and not self.status.connected:
            self._note(Event.ONLINE)
            self._online_since = self._online_since or self._clock()
            self._say(replace(self.status, connected=True, retry_at=None))
        elif not online:
            self._went_offline("found by its sign of life")

    def _on_unlinked(self, is_known: bool) -> None:
        self._forget(End.UNLINKED_HERE if is_known else End.UNLINKED_OFFLINE)

    def _on_ended(self, end: str, detail: str) -> None:
        """The library says that it is over. What follows depends on why."""
        reason = End(end)
        log.warning("[WhatsAppBridge] Connection: ended", reason=reason, detail=detail)
        is_settled = not self._is_attempt and self._unlink_by is None
        if is_settled and reason in SESSION_ENDS:
            self._forget(reason)
        elif is_settled and reason in STOPPING_ENDS:
            self._stop_for(reason, detail)
        else:
            self._go_on(reason, detail or None)

    def _on_exited(self, code: int) -> None:
        """It ended without a reason that we know."""
        self._replace_process(f"it ended with code {code}")

    def _stop_for(self, reason: End, detail: str) -> None:
        """Still linked, but connecting again is the owner's decision, or a matter of time."""
        self._end_process()
        self._account.record_end(reason, self.fence, detail)
        until = None
        if reason is End.BANNED and float(detail or 0) > 0:
            self._start_at = self._clock() + float(detail)
            until = _now() + timedelta(seconds=float(detail))
        phone = self._account.load_link().phone
        self._say(Status(Phase.LINKED, phone=phone, end=reason, detail=detail, retry_at=until))

    def _forget(self, reason: End) -> None:
        """The account is not ours any more: no session, nothing left to answer or to send."""
        self._end_process()
        self._session.delete()
        self._account.forget(reason, self.fence)
        self._backoff = RECONNECTS
        self._say(Status(Phase.UNLINKED, end=reason))

    def _note(self, event: Event | End, detail: str = "") -> None:
        self._history.record(event, detail, self.fence)

    def _say(self, status: Status) -> None:
        self.status = status
        self._announce(status)


def _now() -> datetime:
    return datetime.now(UTC)
