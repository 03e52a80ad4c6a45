"""People held: letting them in, blocking them, forgetting them."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.web.ext import Services
from core.messages.message import Inbound, Kind, Place, Reason
from core.phone import Phone
from core.settings import Settings
from core.states import MessageState
from store import allowlist, settings
from store.account import audit
from store.chats import held, messages, people
from store.chats.people import Person
from store.redis.queue import Turns
from store.sql import tables
from tests.app.visitor import Visitor, words

PHONE = Phone("+15550001111")
SENT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def hold(
    services: Services, phone: Phone | None, lid: str | None, name: str, text: str = ""
) -> Person:
    """Somebody writes and is not allowed."""
    now = services.now()
    with services.db.write() as connection:
        person = people.identify(connection, phone, lid, name, now)
        inbound = Inbound("us", name, name, f"m{now}", Place.DIRECT, Kind.TEXT, text, SENT)
        messages.receive(connection, inbound, now)
        [received] = messages.list_undecided(connection)
        messages.record_decision(
            connection,
            received.id,
            MessageState.HELD,
            Reason.NOT_ALLOWED,
            now,
            person_id=person.id,
            keep_text=bool(text),
        )
    return person


@pytest.fixture
def bob(services: Services) -> Person:
    return hold(services, PHONE, None, "Bob")


@pytest.fixture
def dave(services: Services) -> Person:
    """His number is hidden."""
    return hold(services, None, "123@lid", "Dave")


def at_the_door(services: Services) -> list[str]:
    with services.db.read() as connection:
        return [each.person.push_name for each in held.list_held(connection, limit=99)[0]]


def keep_texts(services: Services, enabled: bool = True) -> None:
    with services.db.write() as connection:
        chosen = Settings(keep_held_text=True, enabled=enabled, default_agent="finn")
        settings.save(connection, chosen, services.now())


def stored(services: Services) -> list[tuple[str, str | None, str]]:
    columns = tables.messages.c
    with services.db.read() as connection:
        rows = connection.execute(
            select(columns.state, columns.reason, columns.text).order_by(columns.id)
        )
        return [tuple(row) for row in rows]


def test_nobody_is_waiting(owner: Visitor) -> None:
    assert "Nobody is waiting" in words(owner.open("/people/"))


@pytest.mark.usefixtures("bob")
def test_a_held_sender_is_shown_without_the_words(owner: Visitor) -> None:
    said = words(owner.open("/people/"))
    assert "Bob" in said and "+1 555-000-1111" in said and "1 message, the last" in said
    assert "What they write is not kept" in said


def test_kept_words_are_shown_as_text(owner: Visitor, services: Services) -> None:
    keep_texts(services)
    hold(services, PHONE, None, "Bob", "<b>hi</b>")
    page = owner.open("/people/")
    assert "&lt;b&gt;hi&lt;/b&gt;" in page.text
    assert "What they write is not kept" not in words(page)


@pytest.mark.parametrize("htmx", [False, True])
def test_allowing_adds_exactly_this_number(
    owner: Visitor, services: Services, bob: Person, htmx: bool
) -> None:
    form = owner.open(f"/people/{bob.id}/allow", htmx)
    assert 'value="Bob"' in form.text
    fields = {f"person{bob.id}-label": "Bobby", f"person{bob.id}-agent": "eric"}
    answer = owner.submit(f"/people/{bob.id}/allow", htmx, **fields)
    assert answer.status_code == (200 if htmx else 303)
    assert at_the_door(services) == []
    with services.db.read() as connection:
        [entry] = allowlist.load(connection)
        assert (entry.pattern, entry.label, entry.agent) == (PHONE, "Bobby", "eric")
        assert audit.list_acts(connection)[0].action == "allowlist added"


def test_allowing_who_is_allowed_already_leaves_the_entry(
    owner: Visitor, services: Services, bob: Person
) -> None:
    owner.submit("/allowlist/", pattern=PHONE, label="Old")
    owner.submit(f"/people/{bob.id}/allow", **{f"person{bob.id}-label": "New"})
    assert at_the_door(services) == []
    said = words(owner.open("/people/"))
    assert "was on the allowlist already; the entry is unchanged." in said
    with services.db.read() as connection:
        assert [entry.label for entry in allowlist.load(connection)] == ["Old"]


@pytest.mark.parametrize("htmx", [False, True])
def test_a_bad_label_is_told_beside_it(
    owner: Visitor, services: Services, bob: Person, htmx: bool
) -> None:
    fields = {f"person{bob.id}-label": "x" * 201}
    answer = owner.submit(f"/people/{bob.id}/allow", htmx, **fields)
    assert answer.status_code == 422
    assert "At most 200 characters." in words(answer)
    assert at_the_door(services) == ["Bob"]


@pytest.mark.parametrize("htmx", [False, True])
def test_somebody_with_a_hidden_number_is_let_in_as_they_are(
    owner: Visitor, services: Services, dave: Person, htmx: bool
) -> None:
    assert "Number hidden by WhatsApp" in words(owner.open("/people/"))
    form = owner.open(f"/people/{dave.id}/allow", htmx)
    assert "Allow Dave" in words(form) and "counts for them alone" in words(form)
    fields = {f"person{dave.id}-label": "Dave W.", f"person{dave.id}-agent": "eric"}
    owner.submit(f"/people/{dave.id}/allow", htmx, **fields)
    assert at_the_door(services) == []
    with services.db.read() as connection:
        [entry] = allowlist.load(connection)
        assert (entry.pattern, entry.label, entry.agent) == ("123@lid", "Dave W.", "eric")
        assert audit.list_acts(connection)[0].detail == "123@lid, Dave"


def test_what_somebody_hidden_wrote_is_answered(owner: Visitor, services: Services) -> None:
    keep_texts(services)
    dave = hold(services, None, "123@lid", "Dave", "hello?")
    owner.submit(f"/people/{dave.id}/allow", **{f"person{dave.id}-answer": "y"})
    assert stored(services) == [(MessageState.WAITING, Reason.ALLOWED_HIDDEN, "hello?")]


def test_letting_in_somebody_hidden_who_is_in_already(
    owner: Visitor, services: Services, dave: Person
) -> None:
    owner.submit("/allowlist/", pattern="123@lid", label="Old")
    assert "may write by now" in words(owner.open("/people/"))
    owner.submit(f"/people/{dave.id}/allow", **{f"person{dave.id}-label": "New"})
    assert "Dave was on the allowlist already" in words(owner.open("/people/"))
    with services.db.read() as connection:
        assert [entry.label for entry in allowlist.load(connection)] == ["Old"]


@pytest.mark.parametrize("htmx", [False, True])
def test_blocking_asks_first_and_can_be_taken_back(
    owner: Visitor, services: Services, dave: Person, htmx: bool
) -> None:
    assert "Block Dave?" in words(owner.open(f"/people/{dave.id}/block", htmx))
    owner.submit(f"/people/{dave.id}/block", htmx)
    assert at_the_door(services) == []
    assert "Unblock" in words(owner.open("/people/"))
    owner.submit(f"/people/{dave.id}/unblock", htmx)
    with services.db.read() as connection:
        assert held.list_blocked(connection, limit=9) == ([], 0)
        actions = [act.action for act in audit.list_acts(connection)]
    assert actions == ["person unblocked", "person blocked"]


@pytest.mark.parametrize("htmx", [False, True])
def test_forgetting_asks_first_and_leaves_nothing(
    owner: Visitor, services: Services, bob: Person, htmx: bool
) -> None:
    question = words(owner.open(f"/people/{bob.id}/forget", htmx))
    assert "Forget Bob?" in question and "so are their name and number" in question
    owner.submit(f"/people/{bob.id}/forget", htmx)
    assert at_the_door(services) == []
    with services.db.read() as connection:
        assert people.by_phone(connection, PHONE) is None
        [act] = audit.list_acts(connection)
    assert (act.action, act.detail) == ("held sender forgotten", "…11, 1 messages")
    hold(services, PHONE, None, "Bob")
    assert at_the_door(services) == ["Bob"]


# ---- answering what was kept -------------------------------------------------------------------


@pytest.mark.parametrize("htmx", [False, True])
def test_what_was_kept_is_answered_on_request(
    owner: Visitor, services: Services, htmx: bool
) -> None:
    bob = hold(services, PHONE, None, "Bob")
    keep_texts(services)
    for text in ("Hello?", "Anybody?"):
        hold(services, PHONE, None, "Bob", text)
    form = owner.open(f"/people/{bob.id}/allow", htmx)
    assert "The 2 kept messages get one answer now." in words(form)
    fields = {f"person{bob.id}-label": "", f"person{bob.id}-answer": "y"}
    answer = owner.submit(f"/people/{bob.id}/allow", htmx, **fields)
    assert "the kept 2 messages are being answered" in words(
        answer if htmx else owner.open("/people/")
    )
    assert stored(services) == [
        (MessageState.IGNORED, Reason.NOT_ALLOWED, ""),
        (MessageState.WAITING, Reason.ALLOWED_NUMBER, "Hello?"),
        (MessageState.WAITING, Reason.ALLOWED_NUMBER, "Anybody?"),
    ]
    assert Turns(services.live.redis).queue.count == 1, "somebody looks at once"
    with services.db.read() as connection:
        actions = [act.action for act in audit.list_acts(connection)]
    assert actions == ["held messages answered", "allowlist added"]


def test_nobody_is_answered_without_the_tick(owner: Visitor, services: Services) -> None:
    keep_texts(services)
    bob = hold(services, PHONE, None, "Bob", "Hello?")
    owner.submit(f"/people/{bob.id}/allow", **{f"person{bob.id}-label": ""})
    assert stored(services) == [(MessageState.IGNORED, Reason.NOT_ALLOWED, "Hello?")]


def test_nothing_is_answered_while_answering_is_off(owner: Visitor, services: Services) -> None:
    keep_texts(services, enabled=False)
    bob = hold(services, PHONE, None, "Bob", "Hello?")
    form = owner.open(f"/people/{bob.id}/allow")
    assert "answering is switched off" in words(form) and "-answer" not in form.text
    owner.submit(f"/people/{bob.id}/allow", **{f"person{bob.id}-answer": "y"})
    assert stored(services)[0][0] == MessageState.IGNORED
    assert Turns(services.live.redis).queue.count == 0


def test_who_is_blocked_is_not_let_in_by_an_old_page(
    owner: Visitor, services: Services, bob: Person
) -> None:
    owner.submit(f"/people/{bob.id}/block")
    assert owner.submit(f"/people/{bob.id}/allow").status_code == 400
    with services.db.read() as connection:
        assert allowlist.load(connection) == []


def test_who_was_let_in_otherwise_is_marked(owner: Visitor, bob: Person, dave: Person) -> None:
    assert "may write by now" not in words(owner.open("/people/"))
    owner.submit("/allowlist/", pattern="+1555*")
    assert words(owner.open("/people/")).count("may write by now") == 1
    owner.submit("/allowlist/", pattern="*")
    assert words(owner.open("/people/")).count("may write by now") == 2


# ---- many --------------------------------------------------------------------------------------


def crowd(services: Services, count: int) -> None:
    for number in range(count):
        hold(services, Phone(f"+1555000{number:04}"), None, f"Guest {number:02}", "Hello")


def test_pages_search_and_the_place_in_the_list(owner: Visitor, services: Services) -> None:
    crowd(services, 52)
    first = owner.open("/people/")
    assert "Page 1 of 2" in words(first) and "Guest 51" in words(first)
    assert "Guest 00" in words(owner.open("/people/?page=2"))
    assert "Guest 00" in words(owner.open("/people/?page=9"))
    found = owner.open("/people/?q=guest+07")
    assert "Guest 07" in words(found) and "Guest 08" not in words(found)
    assert "/allow?q=guest+07" in found.text
    assert "Nobody found" in words(owner.open("/people/?q=nobody"))
    person_id = 1
    answer = owner.submit(f"/people/{person_id}/forget?page=2")
    assert answer.location == "/people/?page=2"


def test_leaving_a_question_leads_back_to_its_row(owner: Visitor, bob: Person) -> None:
    answer = owner.open(f"/people/?at={bob.id}", htmx=True)
    assert f"person-{bob.id}" in answer.headers["HX-Trigger-After-Settle"]


def test_somebody_who_is_not_there_is_not_found(owner: Visitor) -> None:
    assert owner.open("/people/77/allow").status_code == 404
    assert owner.submit("/people/77/forget").status_code == 404
