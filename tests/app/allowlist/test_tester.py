"""“Who may write?”: what the panel says would happen."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.web.ext import Services
from core.admission.allowlist import Pattern
from core.phone import Phone
from core.settings import Settings
from store import allowlist, settings
from store.chats import chats, people, takeovers
from tests.app.visitor import Visitor, tag, words

PHONE = Phone("+15551234567")


def prepare(services: Services, *patterns: str, agent: str | None = None, **changes: Any) -> None:
    chosen = Settings(**{"enabled": True, "default_agent": "finn", **changes})
    with services.db.write() as connection:
        settings.save(connection, chosen, services.now())
        for pattern in patterns:
            allowlist.add(connection, Pattern(pattern), "Ada", agent, services.now())


def chat_of(services: Services) -> int:
    with services.db.write() as connection:
        person = people.identify(connection, PHONE, None, "Ada", services.now())
        return chats.enter(connection, person.id, "ada@x", services.now()).id


def ask(owner: Visitor, text: str = "", htmx: bool = False, **fields: str) -> str:
    sent = {"phone": PHONE, "text": text} | fields
    answer = owner.submit("/allowlist/tester/", htmx, **sent)
    assert answer.status_code == 200
    return words(answer).partition("Try it")[2].strip()


@pytest.mark.parametrize("htmx", [False, True])
def test_a_stranger_is_held(owner: Visitor, services: Services, htmx: bool) -> None:
    prepare(services)
    said = ask(owner, htmx=htmx)
    assert said.startswith("Held: no answer May they write? No.")
    assert "not on the allowlist" in said and "Who answers?" not in said
    assert "has not been answered before" in said


def test_the_rule_is_named_and_linked(owner: Visitor, services: Services) -> None:
    prepare(services, "+1555*")
    page = owner.open(f"/allowlist/tester/?phone=%2B{PHONE.digits}")
    said = words(page)
    assert "Finn, Solutions Architect answers" in said or "Finn" in said
    assert "The entry +1555*, Ada" in said and "the default agent of the settings" in said
    assert 'href="/allowlist/1/edit"' in page.text
    assert f'value="{PHONE}"' in tag(page, "phone")


def test_somebody_whose_number_is_hidden(owner: Visitor, services: Services) -> None:
    prepare(services, "123@lid", agent="eric")
    said = words(owner.open("/allowlist/tester/?phone=123%40lid"))
    assert "This person is on the allowlist" in said and "Their entry, Ada" in said
    assert "the default agent of the entry" in said
    assert "This person has not been answered before" in said
    assert "No. This person is not on the allowlist." in ask(owner, phone="124@lid")
    with services.db.write() as connection:
        people.identify(connection, PHONE, "123@lid", "Ada", services.now())
    assert "Their entry, Ada" in ask(owner), "by the number, once that is known"
    with services.db.write() as connection:
        dave = people.find_person(connection, None, "123@lid")
        assert dave
        people.block(connection, dave.id, services.now())
    assert "The sender is blocked." in ask(owner, phone="123@lid")


def test_who_answers_and_why(owner: Visitor, services: Services) -> None:
    prepare(services, PHONE, agent="eric")
    assert "the default agent of the entry" in ask(owner)
    assert "the message turns to them" in ask(owner, "@yukihiro hello")
    assert "The chat turns to Yukihiro" in ask(owner, "@yukihiro")
    chat = chat_of(services)
    with services.db.write() as connection:
        chats.stick(connection, chat, "yukihiro", services.now() + timedelta(minutes=9))
    said = ask(owner)
    assert "whom they are talking to: the session lasts until" in said
    assert "Yukihiro" in said and "Their conversation" in said


def test_agents_that_are_gone_are_told(owner: Visitor, services: Services) -> None:
    prepare(services, PHONE, agent="gone", default_agent="away")
    said = ask(owner)
    assert said.startswith("Nobody can answer")
    assert "gone would come first, but is missing" in said
    assert "They read: “No agent is set up to answer here yet.”" in said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/help", "/help : Show available commands."),
        ("/AGENT eric", "It turns to"),
        ("/agent nobody", "There is no agent called “nobody”: nothing changes."),
        ("/nonsense", "There is no command /nonsense. They are told so"),
    ],
)
def test_commands(owner: Visitor, services: Services, text: str, told: str) -> None:
    prepare(services, PHONE)
    said = ask(owner, text)
    assert said.startswith("The command is carried out") and told in said


def test_what_agents_cannot_see(owner: Visitor, services: Services) -> None:
    prepare(services, PHONE)
    assert "They read: “I can't see pictures yet." in ask(owner, kind="image")
    assert "then the agent's answer" in ask(owner, "what is this?", kind="image")
    assert "Ignored: no answer" in ask(owner, "👍", kind="reaction")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"enabled": False}, "Ignored: no answer May they write? No. Answering is"),
        ({"allow_all": True}, "Allow all"),
    ],
)
def test_the_settings_count(
    owner: Visitor, services: Services, changes: dict[str, bool], told: str
) -> None:
    prepare(services, **changes)
    assert told in ask(owner)


def test_who_is_blocked(owner: Visitor, services: Services) -> None:
    prepare(services, "*")
    with services.db.write() as connection:
        person = people.identify(connection, PHONE, None, "Ada", services.now())
        people.block(connection, person.id, services.now())
    assert ask(owner).startswith("Ignored: no answer May they write? No. The sender is blocked.")


@pytest.mark.parametrize("until", [None, timedelta(minutes=20)])
def test_a_chat_that_the_owner_has_taken_over(
    owner: Visitor, services: Services, until: timedelta | None
) -> None:
    prepare(services, PHONE)
    now: datetime = services.now()
    chat = chat_of(services)
    with services.db.write() as connection:
        takeovers.begin(connection, chat, takeovers.By.PANEL, until and now + until, now)
    assert ask(owner).startswith("It waits for you")
    assert ask(owner, "/help").startswith("The command is carried out")


def test_nothing_is_written(owner: Visitor, services: Services) -> None:
    prepare(services, PHONE)
    ask(owner, "/agent eric")
    with services.db.read() as connection:
        assert people.by_phone(connection, PHONE) is None


@pytest.mark.parametrize("htmx", [False, True])
def test_a_bad_number_is_told_beside_it(owner: Visitor, htmx: bool) -> None:
    answer = owner.submit("/allowlist/tester/", htmx, phone="0821", text="kept")
    assert answer.status_code == 422
    assert "Start with + and the country code" in words(answer)
    assert 'aria-invalid="true"' in tag(answer, "phone") and "kept</textarea>" in answer.text
    assert owner.open("/allowlist/tester/?phone=nonsense").status_code == 200


def test_it_is_on_the_allowlist_page_too(owner: Visitor) -> None:
    assert 'id="tester"' in owner.open("/allowlist/").text
