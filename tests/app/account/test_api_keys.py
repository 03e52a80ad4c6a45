"""API keys in the panel, with and without scripts."""

import re
from http.cookies import SimpleCookie

import pytest

from app.web.ext import Services
from store.account import api_keys
from store.account.api_keys import SCOPES, ApiKey
from tests.app.acts import list_acts
from tests.app.visitor import Visitor, tag, words

SECRET = re.compile(r"djinn_[\w-]{43}")


def keys(services: Services) -> list[ApiKey]:
    with services.db.read() as connection:
        return list(api_keys.load(connection))


@pytest.fixture
def backup(services: Services) -> ApiKey:
    """The key of a program called backup."""
    with services.db.write() as connection:
        api_keys.create(connection, "backup", ["config:read"], services.now())
    return keys(services)[0]


def test_an_empty_list_says_what_that_means(owner: Visitor) -> None:
    assert "No program can use the API." in words(owner.open("/keys/"))


def test_every_scope_can_be_chosen_and_is_explained(owner: Visitor) -> None:
    page = owner.open("/keys/")
    offered = re.findall(r'<input [^>]*name="scopes"[^>]* value="([^"]+)"', page.text)
    assert offered == list(SCOPES)
    assert "Read the settings and the link's status config:read" in words(page)


@pytest.mark.parametrize("htmx", [False, True])
def test_a_key_is_shown_once(owner: Visitor, services: Services, htmx: bool) -> None:
    answer = owner.submit("/keys/", htmx, name=" deploy ", scopes=["send", "metrics"])
    assert answer.status_code == (200 if htmx else 303)
    page = answer if htmx else owner.open("/keys/")
    [secret] = {*SECRET.findall(page.text)}
    assert "it is not shown again" in words(page)
    assert SECRET.search(owner.open("/keys/").text) is None
    with services.db.read() as connection:
        key = api_keys.find(connection, secret)
    assert key and (key.name, key.scopes) == ("deploy", {"send", "metrics"})
    assert list_acts(services) == ["ana: API key made deploy: send, metrics"]


def test_the_cookie_does_not_hold_the_key(owner: Visitor) -> None:
    """On its way to the next page it is there, but nobody can read it."""
    answer = owner.submit("/keys/", name="deploy", scopes=["send"])
    with owner.client.session_transaction() as session:
        kept = str(dict(session))
    assert "djinn_" not in kept
    before = SimpleCookie(answer.headers["Set-Cookie"])["djinnbot"].value
    after = SimpleCookie(owner.open("/keys/").headers["Set-Cookie"])["djinnbot"].value
    assert len(after) < len(before)


def test_somebody_elses_cookie_shows_nothing(owner: Visitor) -> None:
    with owner.client.session_transaction() as session:
        session["made_key"] = "rubbish"
    assert owner.open("/keys/").status_code == 200


@pytest.mark.parametrize(
    ("name", "scopes", "sentence"),
    [
        ("", ["send"], "Enter a name"),
        (" ", ["send"], "Enter a name"),
        ("x" * 91, ["send"], "At most 90 characters."),
        ("a\nb", ["send"], "Use letters, digits and signs."),
        ("backup", ["send"], "Another key has this name."),
        ("deploy", [], "Choose at least one."),
        ("deploy", ["everything"], "not a valid choice"),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.usefixtures("backup")
def test_what_is_wrong_is_told_beside_it_and_nothing_changes(
    owner: Visitor, services: Services, name: str, scopes: list[str], sentence: str, htmx: bool
) -> None:
    answer = owner.submit("/keys/", htmx, name=name, scopes=scopes)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert SECRET.search(answer.text) is None
    assert [key.name for key in keys(services)] == ["backup"]
    assert list_acts(services) == []


def test_what_was_typed_and_chosen_stays(owner: Visitor) -> None:
    answer = owner.submit("/keys/", name="", scopes=["metrics"])
    assert "checked" in tag(answer, f"scopes-{SCOPES.index('metrics')}")
    answer = owner.submit("/keys/", name="kept", scopes=[])
    assert 'value="kept"' in tag(answer, "name")


def test_the_list_says_who_may_what(owner: Visitor, services: Services, backup: ApiKey) -> None:
    said = words(owner.open("/keys/"))
    assert f"backup {backup.prefix}… config:read" in said and "never" in said
    with services.db.write() as connection:
        api_keys.record_use(connection, backup.id, services.now())
    assert "never" not in words(owner.open("/keys/"))


@pytest.mark.parametrize("htmx", [False, True])
def test_revoking_asks_first(
    owner: Visitor, services: Services, backup: ApiKey, htmx: bool
) -> None:
    path = f"/keys/{backup.id}/revoke"
    question = owner.open(path, htmx)
    assert "Revoke the key of backup?" in words(question)
    assert "can't be undone" in words(question)
    assert keys(services)[0].revoked_at is None
    answer = owner.submit(path, htmx)
    assert answer.status_code == (200 if htmx else 303)
    page = answer if htmx else owner.open("/keys/")
    assert "backup is revoked" in words(page) and "Revoked (1)" in words(page)
    assert keys(services)[0].revoked_at is not None
    assert list_acts(services) == [f"ana: API key revoked backup, {backup.prefix}…"]


def test_revoking_again_changes_nothing(owner: Visitor, services: Services, backup: ApiKey) -> None:
    owner.submit(f"/keys/{backup.id}/revoke")
    [before] = keys(services)
    assert owner.submit(f"/keys/{backup.id}/revoke").status_code == 303
    assert keys(services) == [before] and len(list_acts(services)) == 1


def test_a_revoked_name_is_free_again(owner: Visitor, services: Services, backup: ApiKey) -> None:
    owner.submit(f"/keys/{backup.id}/revoke")
    assert owner.submit("/keys/", name="backup", scopes=["send"]).status_code == 303
    assert len(keys(services)) == 2


def test_keeping_it(owner: Visitor, backup: ApiKey) -> None:
    row = owner.open(f"/keys/{backup.id}", htmx=True)
    assert f"revoke-{backup.id}" in row.headers["HX-Trigger-After-Settle"]
    assert owner.open(f"/keys/{backup.id}").status_code == 303


@pytest.mark.parametrize("path", ["/keys/9", "/keys/9/revoke"])
def test_a_key_that_is_not_there(owner: Visitor, path: str) -> None:
    assert owner.open(path).status_code == 404


def test_names_are_text_and_not_markup(owner: Visitor) -> None:
    owner.submit("/keys/", name="<b>bold</b>", scopes=["send"])
    assert "<b>bold" not in owner.open("/keys/").text
