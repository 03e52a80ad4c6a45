"""What people on WhatsApp and agents say to each other: the list of chats, and each as it is said.

Both pages ask again every few seconds and get 204 while nothing has changed.
"""

from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape
from sqlalchemy import Connection

from app.conversations.parties import find_parties
from app.conversations.takeover import WriteForm, read_takeover
from app.conversations.transcript import Transcript, build_context, read_transcript
from app.web import respond, words
from app.web.acts import record_act
from app.web.ext import agents, db, now
from app.web.paging import parse_page_number
from app.web.toasts import toast
from core.text import chat_html
from core.text.masking import mask_numbers
from core.text.shortening import shorten_to_line
from store.account.audit import Action
from store.chats import contexts, forget
from store.chats.chats import Chat
from store.chats.people import Person
from store.pages import chat_list
from store.pages.chat_list import PAGE, Show, Wanted
from store.pages.transcripts import Cursor

bp = Blueprint("conversations", __name__, url_prefix="/conversations")

TEXT = 100  # characters of what is looked for
EXCERPT = 160  # characters of a message in the list
AROUND = 40  # of them before what was looked for


@bp.get("/")
def list_conversations() -> ResponseReturnValue:
    """The latest chats; `q`, `show`, `agent` and `person` narrow them down."""
    wanted = _parse_wanted()
    page = parse_page_number()
    with db().read() as connection:
        rows, has_more = chat_list.load(connection, wanted, now(), skip=(page - 1) * PAGE)
        is_empty = not rows and not chat_list.is_there_any(connection)
    mark = respond.fingerprint(rows, has_more)
    context: dict[str, Any] = {
        "rows": rows,
        "wanted": wanted,
        "here": {**_describe_wanted(wanted), "page": page},
        "page": page,
        "has_more": has_more,
        "is_empty": is_empty,
        "mark": mark,
        "agents": agents().load().agents,
        "now": now(),
    }
    unchanged = respond.unchanged(mark)
    return unchanged or respond.part("conversations/index.html", block="chats", **context)


@bp.get("/<int:chat_id>")
def show_chat(chat_id: int) -> ResponseReturnValue:
    """The latest of what was said, or what was said before the place `before`."""
    before = Cursor.parse(request.args.get("before", ""))
    with db().read() as connection:
        chat, person = find_parties(connection, chat_id)
        transcript = read_transcript(connection, chat, person, before)
        takeover = read_takeover(connection, chat_id)
    if before is None:
        _mark_seen(transcript)
    context = {"before": before, "takeover": takeover, "form": WriteForm(formdata=None)}
    return render_template("conversations/show.html", **context, **build_context(transcript))


@bp.get("/<int:chat_id>/now")
def show_changes(chat_id: int) -> ResponseReturnValue:
    """What is new, and what looks different from the pieces in `v` (key.version); 204 when the end
    of the transcript is as in `seen`."""
    with db().read() as connection:
        chat, person = find_parties(connection, chat_id)
        transcript = read_transcript(connection, chat, person)
    if respond.is_part_wanted():
        _mark_seen(transcript)
    return respond.unchanged(transcript.fingerprint) or respond.part(
        "transcript/changes.html",
        block="changes",
        home=url_for("conversations.show_chat", chat_id=chat_id),
        **build_context(transcript),
    )


@bp.route("/<int:chat_id>/reset", methods=["GET", "POST"])
def reset_contexts(chat_id: int) -> ResponseReturnValue:
    """Let every agent start afresh in this chat, as `/new` does for one."""
    with db().read() as connection:
        chat, person = find_parties(connection, chat_id)
    if request.method == "GET":
        return render_template("conversations/reset.html", chat=chat, person=person)
    with db().write() as connection:
        count = contexts.start_all_afresh(connection, chat_id, now())
        detail = f"chat {chat_id}, {count} agents"
        record_act(connection, Action.CONVERSATION_RESET, detail)
    toast("conversation_reset")
    return redirect(url_for("conversations.show_chat", chat_id=chat_id), code=303)


@bp.route("/<int:chat_id>/forget", methods=["GET", "POST"])
def forget_chat(chat_id: int) -> ResponseReturnValue:
    """Delete the person and all that was said, the allowlist's entry too if that is ticked; or all
    that was said in a group."""
    if request.method == "GET":
        with db().read() as connection:
            chat, person = find_parties(connection, chat_id)
        return render_template("conversations/forget.html", chat=chat, person=person)
    with db().write() as connection:
        chat, person = find_parties(connection, chat_id)
        is_busy = forget.is_busy(connection, person or chat, now())
        if not is_busy:
            _forget(connection, chat, person)
    if is_busy:
        context = {"chat": chat, "person": person, "is_busy": True}
        return render_template("conversations/forget.html", **context), 422
    toast("person_forgotten" if person else "group_forgotten")
    return redirect(url_for("conversations.list_conversations"), code=303)


def _parse_wanted() -> Wanted:
    shown = request.args.get("show", "")
    return Wanted(
        text=request.args.get("q", "").strip()[:TEXT].replace("\0", ""),
        show=Show(shown) if shown in list(Show) else None,
        agent=request.args.get("agent") or None,
        person=request.args.get("person", type=int),
    )


def _describe_wanted(wanted: Wanted) -> dict[str, Any]:
    """The conditions as they stand in an address."""
    return {
        "q": wanted.text or None,
        "show": wanted.show,
        "agent": wanted.agent,
        "person": wanted.person,
    }


def _mark_seen(transcript: Transcript) -> None:
    """The owner has the latest messages before them."""
    if transcript.latest_message > transcript.end.seen:
        with db().write() as connection:
            chat_list.mark_seen(connection, transcript.chat.id, transcript.latest_message)


def _forget(connection: Connection, chat: Chat, person: Person | None) -> None:
    if person:
        counts = forget.person(connection, person, with_entry="entry" in request.form)
        who = mask_numbers(person.phone or person.lid or "")
    else:
        counts = forget.group(connection, chat)
        who = f"chat {chat.id}"
    detail = f"{who}: {counts.received} messages received, {counts.sent} sent"
    action = Action.PERSON_FORGOTTEN if person else Action.GROUP_FORGOTTEN
    record_act(connection, action, detail)


# ---- how the templates write things ---------------------------------------------------------


@bp.app_template_filter("excerpt")
def _write_excerpt(text: str) -> str:
    """Its beginning, on one line and without WhatsApp's marks."""
    return shorten_to_line(chat_html.without_marks(text[: 2 * EXCERPT]), EXCERPT)


@bp.app_template_filter("mark_match")
def _mark_match(text: str, wanted: str) -> Markup:
    """The part of it in which what was looked for is, that marked."""
    text = " ".join(text.split())
    place = text.lower().find(wanted.lower())
    if place < 0:
        return escape(shorten_to_line(text, EXCERPT))
    end = place + len(wanted)
    before = ("…" if place > AROUND else "") + text[max(0, place - AROUND) : place]
    marked = Markup("<mark>{}</mark>").format(text[place:end])
    return escape(before) + marked + escape(text[end : end + EXCERPT])


@bp.app_template_filter("gap")
def _write_gap(gap: timedelta) -> str:
    """12 ms, 3.4 s, 5 min, 2 h, 3 days."""
    value = gap.total_seconds()
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 3600:
        return words.format_seconds(value)
    return f"{value / 3600:.0f} h" if value < 48 * 3600 else f"{value / 86400:.0f} days"
