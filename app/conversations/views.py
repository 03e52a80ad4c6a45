"""What people on WhatsApp and agents say to each other: the list of chats, and each as it is said.

Both pages ask again every few seconds and get 204 while nothing has changed. A transcript gets only
what is new or looks different now, so that nothing moves under the reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zlib import crc32

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape
from sqlalchemy import Connection

from app.conversations.partner import found
from app.web import words
from app.web.answer import fragment
from app.web.ext import agents, db, now
from app.web.toasts import toast
from core.text import chat_html
from core.text.masking import numbers_masked
from store.account import audit
from store.chats import contexts, forget, pauses
from store.chats.chats import Chat
from store.chats.people import Person
from store.pages import chat_list, transcripts
from store.pages.chat_list import PAGE, Show, Wanted
from store.pages.transcript_items import Incoming, Item, version
from store.pages.transcripts import Cursor, Open, Page

bp = Blueprint("conversations", __name__, url_prefix="/conversations")

TEXT = 100  # characters of what is looked for
EXCERPT = 160  # characters of a message in the list
AROUND = 40  # of them before what was looked for


@dataclass(frozen=True)
class Told:
    """A part of a transcript as the page shows it: the pieces, each with its version and the one
    before it, and what is about to come."""

    page: Page
    end: Open
    pieces: Sequence[tuple[Item, str, Item | None]]

    @classmethod
    def of(cls, page: Page, end: Open) -> "Told":
        befores = [None, *page.items]
        marked = [(item, version(item), it) for item, it in zip(page.items, befores, strict=False)]
        return cls(page, end, marked)

    @property
    def fingerprint(self) -> str:
        return _mark(self.end.running, self.end.waiting, [mark for _, mark, _ in self.pieces])


@bp.get("/")
def index() -> ResponseReturnValue:
    """The latest chats; `q`, `show`, `agent` and `person` narrow them down."""
    wanted = _wanted()
    page = max(request.args.get("page", 1, type=int), 1)
    with db().read() as connection:
        skip = min((page - 1) * PAGE, 2**31)
        listed, has_more = chat_list.load(connection, wanted, now(), skip=skip)
        is_empty = not listed and not chat_list.is_there_any(connection)
    seen = _mark(listed, has_more)
    if request.htmx and request.args.get("seen") == seen:
        return "", 204
    context = {
        "listed": listed,
        "wanted": wanted,
        "asked": {**_asked(wanted), "page": page},
        "page": page,
        "has_more": has_more,
        "is_empty": is_empty,
        "seen": seen,
        "agents": agents().load().agents,
        "now": now(),
    }
    if request.htmx:
        return fragment("conversations/_list.html", **context)
    return render_template("conversations/index.html", **context)


@bp.get("/<int:chat_id>")
def show(chat_id: int) -> ResponseReturnValue:
    """The latest of what was said, or what was said before the place `before`."""
    return _page(chat_id)


@bp.get("/<int:chat_id>/now")
def now_(chat_id: int) -> ResponseReturnValue:
    """What is new, and what looks different from the pieces in `v` (key.version); 204 when the end
    of the transcript is as in `seen`."""
    if not request.htmx:
        return redirect(url_for("conversations.show", chat_id=chat_id), code=303)
    with db().read() as connection:
        chat, person = found(connection, chat_id)
        told = _told(connection, chat_id)
    _seen(chat, told)
    if request.args.get("seen") == told.fingerprint:
        return "", 204
    known = dict(each.rpartition(".")[::2] for each in request.args.getlist("v"))
    news = [piece for piece in told.pieces if known.get(piece[0].key) != piece[1]]
    return fragment(
        "conversations/_more.html", known=known, news=news, **_shown(chat, person, told)
    )


@bp.route("/<int:chat_id>/reset", methods=["GET", "POST"])
def reset(chat_id: int) -> ResponseReturnValue:
    """Let every agent start afresh in this chat, as `/new` does for one."""
    with db().read() as connection:
        chat, person = found(connection, chat_id)
    if request.method == "GET":
        return _question("conversations/_reset.html", chat, person)
    with db().write() as connection:
        count = contexts.start_all_afresh(connection, chat_id, now())
        detail = f"chat {chat_id}, {count} agents"
        audit.record(connection, g.owner.name, "conversation reset", detail, now())
    toast("conversation_reset")
    return redirect(url_for("conversations.show", chat_id=chat_id), code=303)


@bp.route("/<int:chat_id>/forget", methods=["GET", "POST"])
def forget_(chat_id: int) -> ResponseReturnValue:
    """Delete the person and all that was said, the allowlist's entry too if that is ticked; or all
    that was said in a group."""
    if request.method == "GET":
        with db().read() as connection:
            chat, person = found(connection, chat_id)
        return _forget_question(chat, person)
    with db().write() as connection:
        chat, person = found(connection, chat_id)
        is_busy = forget.is_busy(connection, person or chat, now())
        if not is_busy:
            _forget(connection, chat, person)
    if is_busy:
        return _forget_question(chat, person, 422, is_busy=True)
    toast("person_forgotten" if person else "group_forgotten")
    return redirect(url_for("conversations.index"), code=303)


# ---- answers --------------------------------------------------------------------------------


def _page(chat_id: int) -> ResponseReturnValue:
    before = Cursor.parse(request.args.get("before", ""))
    with db().read() as connection:
        chat, person = found(connection, chat_id)
        told = _told(connection, chat_id, before)
        context = _shown(chat, person, told) | {"before": before}
        context["pause"] = pauses.current(connection, chat_id, now())
    if before is None:
        _seen(chat, told)
    return render_template("conversations/show.html", **context)


def _forget_question(
    chat: Chat, person: Person | None, status: int = 200, **context: object
) -> ResponseReturnValue:
    part = "conversations/_forget.html" if person else "conversations/_forget_group.html"
    return _question(part, chat, person, status, **context)


def _question(
    part: str, chat: Chat, person: Person | None, status: int = 200, **context: object
) -> ResponseReturnValue:
    """A page of its own: what it asks about is not undone by a click."""
    context |= {"part": part, "chat": chat, "person": person}
    return render_template("conversations/question.html", **context), status


# ---- what the templates are given -----------------------------------------------------------


def _told(connection: Connection, chat_id: int, before: Cursor | None = None) -> Told:
    # What is open is asked first: what is finished in between is then shown at the next look.
    end = transcripts.open_end(connection, chat_id)
    return Told.of(transcripts.read(connection, chat_id, before), end)


def _shown(chat: Chat, person: Person | None, told: Told) -> dict[str, object]:
    known = dict(agents().load().agents)
    return {"chat": chat, "person": person, "told": told, "agents": known, "now": now()}


def _wanted() -> Wanted:
    shown = request.args.get("show", "")
    return Wanted(
        text=request.args.get("q", "").strip()[:TEXT].replace("\0", ""),
        show=Show(shown) if shown in list(Show) else None,
        agent=request.args.get("agent") or None,
        person=request.args.get("person", type=int),
    )


def _asked(wanted: Wanted) -> dict[str, object]:
    """The conditions as they stand in an address."""
    return {
        "q": wanted.text or None,
        "show": wanted.show,
        "agent": wanted.agent,
        "person": wanted.person,
    }


# ---- small things ---------------------------------------------------------------------------


def _seen(chat: Chat, told: Told) -> None:
    """The owner has the latest messages before them."""
    latest = max((item.id for item in told.page.items if isinstance(item, Incoming)), default=0)
    if latest > told.end.seen:
        with db().write() as connection:
            chat_list.mark_seen(connection, chat.id, latest)


def _forget(connection: Connection, chat: Chat, person: Person | None) -> None:
    if person:
        counts = forget.person(connection, person, with_entry="entry" in request.form)
        who = numbers_masked(person.phone or person.lid or "")
    else:
        counts = forget.group(connection, chat)
        who = f"chat {chat.id}"
    detail = f"{who}: {counts.received} messages received, {counts.sent} sent"
    action = "person forgotten" if person else "group forgotten"
    audit.record(connection, g.owner.name, action, detail, now())


def _mark(*what: object) -> str:
    """Another one whenever any of it changes."""
    return f"{crc32(repr(what).encode()):x}"


# ---- how the templates write things ---------------------------------------------------------


@bp.app_template_filter("excerpt")
def _excerpt(text: str) -> str:
    """Its beginning, on one line and without WhatsApp's marks."""
    return _line(chat_html.without_marks(text[: 2 * EXCERPT]))


@bp.app_template_filter("found")
def _found_in(text: str, wanted: str) -> Markup:
    """The part of it in which what was looked for is, that marked."""
    text = " ".join(text.split())
    place = text.lower().find(wanted.lower())
    if place < 0:
        return escape(_line(text))
    end = place + len(wanted)
    before = ("…" if place > AROUND else "") + text[max(0, place - AROUND) : place]
    marked = Markup("<mark>{}</mark>").format(text[place:end])
    return escape(before) + marked + escape(text[end : end + EXCERPT])


@bp.app_template_filter("lapse")
def _lapse(gap: timedelta) -> str:
    """12 ms, 3.4 s, 5 min, 2 h, 3 days."""
    value = gap.total_seconds()
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 3600:
        return words.seconds(value)
    return f"{value / 3600:.0f} h" if value < 48 * 3600 else f"{value / 86400:.0f} days"


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[:EXCERPT].rstrip()}…"
