"""People held: those who wrote without being allowed, and those who are blocked."""

from functools import partial
from typing import Any

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from app.allowlist.forms import AllowForm
from app.web import respond
from app.web.acts import record_act
from app.web.ext import agents, db, live, now
from app.web.paging import parse_page_number, read_page
from app.web.toasts import toast
from core.admission.allowlist import Entry, Pattern, find
from core.errors import DuplicateEntry
from core.text.masking import mask_numbers
from store import allowlist, settings
from store.account.audit import Action
from store.chats import chats, held, people
from store.chats.people import Person
from store.redis.queue import Turns
from store.sql.engine import after_commit

bp = Blueprint("people", __name__, url_prefix="/people")

PAGE = 50  # people
LISTS = "allowlist/people.html"
SEARCH_FROM = 10  # with more people than this there is a search field


@bp.get("/")
def list_people() -> ResponseReturnValue:
    """`?at=` is the person whose form or question was left: there the keyboard goes on."""
    at = request.args.get("at", type=int)
    is_turned = request.headers.get("HX-Trigger", "").startswith("page-")
    focus = f"person-{at}" if at else "people" if is_turned else ""
    return respond.part(LISTS, block="people", focus=focus, **_list_people())


@bp.route("/<int:person_id>/allow", methods=["GET", "POST"])
def allow_person(person_id: int) -> ResponseReturnValue:
    """An entry for exactly this person, by number or, while WhatsApp hides that, by hidden id; and
    off the list of held senders. What was kept is answered on request."""
    person = _get(person_id)
    pattern = person.phone or person.lid
    if pattern is None or person.is_blocked:
        abort(400)
    form = AllowForm(
        formdata=request.form if request.method == "POST" else None,
        prefix=f"person{person.id}-",
        data={"label": person.push_name, "answer": True},
    )
    form.agent.offer(agents().load(), None)
    if request.method == "GET" or not form.validate():
        return _show_allow_form(person, form)
    with db().write() as connection:
        entry = _let_in(connection, person, Pattern(pattern), form)
        replayed = _replay(connection, person, entry) if form.answer.data else None
        if replayed:
            after_commit(connection, Turns(live().redis).nudge, replayed[0])
        held.dismiss(connection, person.id)
    if replayed is None:
        toast("person_allowed", person=_find_name(person))
        return _show_saved()
    toast("person_answered", person=_find_name(person), count=replayed[1])
    return _show_saved()


@bp.route("/<int:person_id>/block", methods=["GET", "POST"])
def block_person(person_id: int) -> ResponseReturnValue:
    person = _get(person_id)
    if request.method == "GET":
        return _ask("allowlist/block_person.html", person)
    with db().write() as connection:
        people.block(connection, person.id, now())
        held.dismiss(connection, person.id)
        record_act(connection, Action.PERSON_BLOCKED, _describe(person))
    toast("person_blocked", person=_find_name(person))
    return _show_saved()


@bp.post("/<int:person_id>/unblock")
def unblock_person(person_id: int) -> ResponseReturnValue:
    person = _get(person_id)
    with db().write() as connection:
        people.unblock(connection, person.id)
        record_act(connection, Action.PERSON_UNBLOCKED, _describe(person))
    toast("person_unblocked", person=_find_name(person))
    return _show_saved()


@bp.route("/<int:person_id>/forget", methods=["GET", "POST"])
def forget_person(person_id: int) -> ResponseReturnValue:
    """Delete what they wrote in vain, and them. The log of changes doesn't keep them either."""
    person = _get(person_id)
    if request.method == "GET":
        with db().read() as connection:
            count = held.count_forgettable(connection, person.id)
            chat = chats.of_person(connection, person.id)
        chat_id = chat.id if chat else None
        return _ask("allowlist/forget_person.html", person, count=count, chat_id=chat_id)
    with db().write() as connection:
        count = held.forget(connection, person.id)
        detail = f"{mask_numbers(person.phone or 'hidden number')}, {count} messages"
        record_act(connection, Action.HELD_SENDER_FORGOTTEN, detail)
    toast("held_forgotten", person=_find_name(person))
    return _show_saved()


def _let_in(connection: Connection, person: Person, pattern: Pattern, form: AllowForm) -> Entry:
    """The entry that lets them in: a new one, or the one that does so already."""
    try:
        entry = allowlist.add(connection, pattern, form.label.data, form.agent.data, now())
        record_act(connection, Action.ALLOWLIST_ADDED, _describe(person))
    except DuplicateEntry:
        toast("allowed_before", "info", person=person.phone or _find_name(person))
        found = allowlist.list_matching(connection, person.phone, person.lid)
        [entry] = (each for each in found if each.pattern == pattern)
    return entry


def _replay(connection: Connection, person: Person, entry: Entry) -> tuple[int, int] | None:
    """None when nothing is kept, or nothing is to be answered at all."""
    if not settings.load(connection).enabled:
        return None
    replayed = held.replay(connection, person.id, entry, now())
    if replayed:
        detail = f"{_describe(person)}, {replayed[1]} kept"
        record_act(connection, Action.HELD_MESSAGES_ANSWERED, detail)
    return replayed


def _list_people() -> dict[str, Any]:
    here = _parse_here()
    wanted = here.get("q", "")
    with db().read() as connection:
        read_held = partial(held.list_held, connection, wanted)
        read_blocked = partial(held.list_blocked, connection, wanted)
        waiting = read_page(read_held, parse_page_number(), PAGE)
        blocked = read_page(read_blocked, parse_page_number("blocked"), PAGE)
        current = settings.load(connection)
        persons = [each.person for each in waiting.rows]
        entries = allowlist.list_matching_any(connection, persons)
    return {
        "held": waiting,
        "admitting": {each.id: find(each.phone, each.lid, entries) for each in persons},
        "blocked": blocked,
        "keeps_text": current.keep_held_text,
        "has_search": "q" in here or waiting.found + blocked.found > SEARCH_FROM,
        "here": here,
    }


def _parse_here() -> dict[str, Any]:
    """Search and pages, as far as the address names them: where the owner is in the lists."""
    numbers = {name: parse_page_number(name) for name in ("page", "blocked")}
    here = {name: str(number) for name, number in numbers.items() if number > 1}
    wanted = request.args.get("q", "").strip()
    return here | ({"q": wanted} if wanted else {})


def _show_allow_form(person: Person, form: AllowForm) -> ResponseReturnValue:
    with db().read() as connection:
        _, kept = held.count_kept(connection, person.id)
        is_enabled = settings.load(connection).enabled
    context = {"kept": kept, "is_enabled": is_enabled, "allow_form": form}
    return _ask("allowlist/allow_person.html", person, 422 if form.errors else 200, **context)


def _ask(template: str, person: Person, status: int = 200, **context: Any) -> ResponseReturnValue:
    """A person's form or question: in place of the row, or on a page of its own."""
    context |= {"person": person, "here": _parse_here()}
    into = f"#person-{person.id}"
    return respond.part(template, block="question", status=status, into=into, **context)


def _show_saved() -> ResponseReturnValue:
    home = url_for("people.list_people", **_parse_here())
    return respond.saved(home, LISTS, block="people", focus="held", **_list_people())


def _get(person_id: int) -> Person:
    """The person. Aborts with 404 when there is none (two people turned out to be one)."""
    with db().read() as connection:
        return people.get(connection, person_id) or abort(404)


def _find_name(person: Person) -> str | None:
    return person.push_name or (person.phone.pretty if person.phone else None)


def _describe(person: Person) -> str:
    return ", ".join(part for part in (person.phone or person.lid, person.push_name) if part)
