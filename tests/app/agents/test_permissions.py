"""Send permissions in the panel, with and without scripts."""

import pytest

from app.web.ext import Services
from core.admission.allowlist import Pattern
from core.admission.permission import Permission
from store.agents import permissions
from tests.app.acts import list_acts
from tests.app.visitor import Visitor, tag, words

PAGE = "/permissions/"


@pytest.fixture
def ana(services: Services) -> Permission:
    """Finn may write to a friend."""
    with services.db.write() as connection:
        pattern = Pattern("+15551234567")
        return permissions.add(connection, "finn", pattern, "Friend", services.now())


def given(services: Services) -> list[tuple[str, str, str | None]]:
    with services.db.read() as connection:
        return [(p.agent, p.pattern, p.label) for p in permissions.load(connection)]


def test_nobody_may_at_first(owner: Visitor) -> None:
    assert "No agent may write on its own" in words(owner.open(PAGE))


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("+1 (555) 123-4567", "+15551234567"),
        ("0015551234567", "+15551234567"),
        ("+1 555*", "+1555*"),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_permitting(
    owner: Visitor, services: Services, typed: str, stored: str, htmx: bool
) -> None:
    answer = owner.submit(PAGE, htmx, agent="finn", pattern=typed, label=" Bob ")
    assert answer.status_code == (200 if htmx else 303)
    assert given(services) == [("finn", stored, "Bob")]
    assert list_acts(services) == [f"ana: permission added finn: {stored}, Bob"]
    said = words(answer if htmx else owner.open(PAGE))
    assert "Finn may now write to Bob." in said


@pytest.mark.parametrize("htmx", [False, True])
def test_everyone_wants_to_be_confirmed(owner: Visitor, services: Services, htmx: bool) -> None:
    asked = owner.submit(PAGE, htmx, agent="finn", pattern="*", label="all")
    assert asked.status_code == 422 and given(services) == []
    assert "This agent may write to every number there is" in words(asked)
    assert 'value="*"' in tag(asked, "pattern") and 'value="all"' in tag(asked, "label")
    sure = owner.submit(PAGE, htmx, agent="finn", pattern="*", label="", is_sure="y")
    assert sure.status_code == (200 if htmx else 303)
    assert given(services) == [("finn", "*", None)]
    assert "Finn may now write to everyone." in words(sure if htmx else owner.open(PAGE))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"pattern": ""}, "Enter a number such as"),
        ({"pattern": "0821234567"}, "Start with + and the country code"),
        ({"pattern": "+15551234567"}, "Finn may write to +15551234567 already."),
        ({"agent": ""}, "Choose an agent."),
        ({"agent": "nobody"}, "There is no agent called “nobody” any more."),
        ({"label": "x" * 201}, "At most 200 characters."),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.usefixtures("ana")
def test_what_is_wrong_is_told_beside_it_and_nothing_changes(
    owner: Visitor, services: Services, fields: dict[str, str], sentence: str, htmx: bool
) -> None:
    typed = {"agent": "finn", "pattern": "+15550000009", "label": "kept"} | fields
    answer = owner.submit(PAGE, htmx, **typed)
    assert answer.status_code == 422 and sentence in words(answer)
    assert typed["label"] in tag(answer, "label")
    assert len(given(services)) == 1 and list_acts(services) == []


@pytest.mark.parametrize("htmx", [False, True])
def test_taking_away(owner: Visitor, services: Services, ana: Permission, htmx: bool) -> None:
    path = f"{PAGE}{ana.id}/remove"
    question = words(owner.open(path, htmx))
    assert "Shall Finn no longer write to +15551234567, Friend?" in question
    assert len(given(services)) == 1
    answer = owner.submit(path, htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert given(services) == []
    assert list_acts(services) == ["ana: permission removed finn: +15551234567, Friend"]
    said = words(answer if htmx else owner.open(PAGE))
    assert "Finn may not write to Friend any more." in said
    assert owner.submit(path, htmx).status_code == answer.status_code
    assert len(list_acts(services)) == 1
    assert owner.open(path).status_code == 404


def test_keeping(owner: Visitor, ana: Permission) -> None:
    assert "Friend" in words(owner.open(f"{PAGE}{ana.id}", htmx=True))
    assert owner.open(f"{PAGE}{ana.id}").status_code == 303


def test_each_agent_with_the_most_exact_first(owner: Visitor, services: Services) -> None:
    with services.db.write() as connection:
        for agent, pattern in (("finn", "*"), ("finn", "+1555*"), ("eric", "+15550000001")):
            permissions.add(connection, agent, Pattern(pattern), None, services.now())
    said = words(owner.open(PAGE))
    said = said[said.rindex("Permit ") :]
    assert said.index("Eric") < said.index("Finn")
    assert said.index("+1555*") < said.index("Everyone")


def test_what_an_agent_that_is_gone_has_left(owner: Visitor, services: Services) -> None:
    with services.db.write() as connection:
        permissions.add(connection, "gone", Pattern("*"), None, services.now())
    assert "There is no such agent any more." in words(owner.open(PAGE))


def test_an_agent_can_be_chosen_by_the_address(owner: Visitor) -> None:
    def is_chosen(agent: str) -> bool:
        return f'<option selected value="{agent}">' in owner.open(f"{PAGE}?agent={agent}").text

    assert is_chosen("eric") and not is_chosen("nobody")
