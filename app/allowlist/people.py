"""People held: those who wrote without being allowed, and those who are blocked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from app.allowlist.forms import AllowForm
from app.web.answer import elsewhere, fragment
from app.web.ext import agents, db, live, now
from app.web.toasts import toast
from core.admission.allowlist import Entry, Pattern, find
from core.errors import DuplicateEntry
from core.text.masking import mask_numbers
from store import allowlist, settings
from store.account import audit
from store.chats import held, people
from store.chats.people import Person
from store.redis.queue import Turns
from store.sql.engine import after_commit

bp = Blueprint("people", __name__, url_prefix="/people")

PAGE = 50  # people
SEARCH_FROM = 10  # with more people than this there is a search field


@dataclass(frozen=True)
class Part:
    """A page of one of the two lists. `found` is how many are on all its `pages`."""

    rows: Sequence[Any]
    found: int
    page: int
    pages: int


@bp.get("/")
def index() -> ResponseReturnValue:
    """`?at=` is the person whose form or question was left: there the keyboard goes on."""
    if not request.htmx:
        return render_template("people/index.html", **_lists())
    at = request.args.get("at", type=int)
    is_turned = request.headers.get("HX-Trigger", "").startswith("page-")
    focus = f"person-{at}" if at else "people" if is_turned else ""
    return fragment("people/_lists.html", focus=focus, **_lists())


@bp.route("/<int:person_id>/allow", methods=["GET", "POST"])
def allow(person_id: int) -> ResponseReturnValue:
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
        return _allow_form(person, form)
    with db().write() as connection:
        entry = _let_in(connection, person, Pattern(pattern), form)
        replayed = _replay(connection, person, entry) if form.answer.data else None
        if replayed:
            after_commit(connection, Turns(live().redis).nudge, replayed[0])
        held.dismiss(connection, person.id)
    if replayed is None:
        toast("person_allowed", person=_called(person))
        return _done()
    toast("person_answered", person=_called(person), count=replayed[1])
    return _done()


@bp.route("/<int:person_id>/block", methods=["GET", "POST"])
def block(person_id: int) -> ResponseReturnValue:
    person = _get(person_id)
    if request.method == "GET":
        return _question("people/_block.html", person)
    with db().write() as connection:
        people.block(connection, person.id, now())
        held.dismiss(connection, person.id)
        audit.record(connection, g.owner.name, "person blocked", _described(person), now())
    toast("person_blocked", person=_called(person))
    return _done()


@bp.post("/<int:person_id>/unblock")
def unblock(person_id: int) -> ResponseReturnValue:
    person = _get(person_id)
    with db().write() as connection:
        people.unblock(connection, person.id)
        audit.record(connection, g.owner.name, "person unblocked", _described(person), now())
    toast("person_unblocked", person=_called(person))
    return _done()


@bp.route("/<int:person_id>/forget", methods=["GET", "POST"])
def forget(person_id: int) -> ResponseReturnValue:
    """Delete what they wrote in vain, and them. The log of changes doesn't keep them either."""
    person = _get(person_id)
    if request.method == "GET":
        with db().read() as connection:
            count, chat_id = held.list_unanswered(connection, person.id)
        return _question("people/_forget.html", person, count=count, chat_id=chat_id)
    with db().write() as connection:
        count = held.forget(connection, person.id)
        detail = f"{mask_numbers(person.phone or 'hidden number')}, {count} messages"
        audit.record(connection, g.owner.name, "held sender forgotten", detail, now())
    toast("held_forgotten", person=_called(person))
    return _done()


def _let_in(connection: Connection, person: Person, pattern: Pattern, form: AllowForm) -> Entry:
    """The entry that lets them in: a new one, or the one that does so already."""
    try:
        entry = allowlist.add(connection, pattern, form.label.data, form.agent.data, now())
        audit.record(connection, g.owner.name, "allowlist added", _described(person), now())
    except DuplicateEntry:
        toast("allowed_before", "info", person=person.phone or _called(person))
        found = allowlist.matching(connection, person.phone, person.lid)
        [entry] = (each for each in found if each.pattern == pattern)
    return entry


def _replay(connection: Connection, person: Person, entry: Entry) -> tuple[int, int] | None:
    """None when nothing is kept, or nothing is to be answered at all."""
    if not settings.load(connection).enabled:
        return None
    replayed = held.replay(connection, person.id, entry, now())
    if replayed:
        detail = f"{_described(person)}, {replayed[1]} kept"
        audit.record(connection, g.owner.name, "held messages answered", detail, now())
    return replayed


def _lists() -> dict[str, object]:
    here = _here()
    with db().read() as connection:
        waiting = _part(connection, held.list_held, "page")
        blocked = _part(connection, held.list_blocked, "blocked")
        current = settings.load(connection)
        persons = [each.person for each in waiting.rows]
        entries = allowlist.matching_any(connection, persons)
    return {
        "held": waiting,
        "admitting": {each.id: find(each.phone, each.lid, entries) for each in persons},
        "blocked": blocked,
        "keeps_text": current.keep_held_text,
        "has_search": "q" in here or waiting.found + blocked.found > SEARCH_FROM,
        "here": here,
    }


def _part(connection: Connection, read: Callable[..., Any], parameter: str) -> Part:
    """The page that the address asks for; the last one if there are not so many (any more)."""
    number, wanted = _page(parameter), _here().get("q", "")
    rows, found = read(connection, wanted, skip=PAGE * (number - 1), limit=PAGE)
    pages = max(-(-found // PAGE), 1)
    if number > pages:
        number = pages
        rows, found = read(connection, wanted, skip=PAGE * (number - 1), limit=PAGE)
    return Part(rows, found, number, pages)


def _page(parameter: str) -> int:
    return min(max(request.args.get(parameter, 1, type=int), 1), 10_000)


def _here() -> dict[str, str]:
    """Search and pages, as far as the address names them: where the owner is in the lists."""
    pages = {name: str(_page(name)) for name in ("page", "blocked") if _page(name) > 1}
    wanted = request.args.get("q", "").strip()
    return pages | ({"q": wanted} if wanted else {})


def _allow_form(person: Person, form: AllowForm) -> ResponseReturnValue:
    with db().read() as connection:
        _, kept = held.count_kept(connection, person.id)
        is_enabled = settings.load(connection).enabled
    return _question("people/_allow.html", person, form, kept=kept, is_enabled=is_enabled)


def _question(
    template: str, person: Person, form: AllowForm | None = None, **context: object
) -> ResponseReturnValue:
    """A person's form or question: in place of the row, or on a page of its own."""
    status = 422 if form and form.errors else 200
    context |= {"person": person, "allow_form": form, "here": _here()}
    if request.htmx:
        return elsewhere(fragment(template, status, **context), f"#person-{person.id}")
    return render_template("people/one.html", part=template, **context), status


def _done() -> ResponseReturnValue:
    if not request.htmx:
        return redirect(url_for("people.index", **_here()), code=303)
    return fragment("people/_lists.html", focus="held", **_lists())


def _get(person_id: int) -> Person:
    """The person. Aborts with 404 when there is none (two people turned out to be one)."""
    with db().read() as connection:
        return people.get(connection, person_id) or abort(404)


def _called(person: Person) -> str | None:
    return person.push_name or (person.phone.pretty if person.phone else None)


def _described(person: Person) -> str:
    return ", ".join(part for part in (person.phone or person.lid, person.push_name) if part)
