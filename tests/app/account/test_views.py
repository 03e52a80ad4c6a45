"""The owner's name, password and sessions."""

from datetime import datetime

import pytest
from flask import Flask

from app.account import passwords
from app.web.ext import Services
from app.web.throttle import PER_ADDRESS
from store.account import audit
from store.account import owner as store
from tests.app.account.authenticator import PASSWORD
from tests.app.visitor import Visitor, tag, words

OLD, NEW = PASSWORD, "some other four words"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def elsewhere(app: Flask, ana: Visitor, services: Services) -> Visitor:
    """The owner's other browser."""
    other = Visitor(app)
    other.sign_in()
    return other


def change(visitor: Visitor, htmx: bool = False, **fields: str):
    data = {"password": OLD, "new": NEW, "confirm": NEW, **fields}
    return visitor.submit("/account/password", htmx, **data)


def account(services: Services) -> store.Owner:
    with services.db.read() as connection:
        found = store.load(connection)
    assert found
    return found


def done(services: Services) -> list[str]:
    with services.db.read() as connection:
        return [act.action for act in audit.list_acts(connection)]


def test_the_foot_of_the_navigation_leads_there(ana: Visitor) -> None:
    assert 'href="/account/"' in tag(ana.open("/"), "account-link")
    assert "aria-current" not in tag(ana.open("/"), "account-link")
    assert 'aria-current="page"' in tag(ana.open("/account/"), "account-link")


def test_a_new_password_signs_all_others_out(
    ana: Visitor, elsewhere: Visitor, services: Services
) -> None:
    assert change(ana).location == "/account/"
    assert "Your password is changed. 1 other session was ended." in words(ana.open("/account/"))
    assert elsewhere.open("/").status_code == 303
    assert passwords._is_right(account(services), "ana", NEW)
    assert done(services) == ["password changed"]


def test_a_new_password_with_htmx(ana: Visitor, services: Services) -> None:
    answer = change(ana, htmx=True)
    assert answer.status_code == 200
    assert "There was no other session." in words(answer)
    assert 'id="account"' in tag(answer, "account")
    assert OLD not in answer.text and NEW not in answer.text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"password": "wrong"}, "This password is wrong."),
        ({"confirm": "something else"}, "The two passwords are different."),
    ],
)
def test_a_password_that_can_t_be_changed(
    ana: Visitor, elsewhere: Visitor, services: Services, fields: dict[str, str], sentence: str
) -> None:
    for htmx in (False, True):
        answer = change(ana, htmx, **fields)
        assert answer.status_code == 422
        assert sentence in words(answer)
    assert answer.headers["HX-Retarget"] == "#password-card"
    assert elsewhere.open("/").status_code == 200
    assert done(services) == []


def test_guessing_in_an_open_browser_is_slowed_down_too(ana: Visitor) -> None:
    for _ in range(PER_ADDRESS):
        assert change(ana, password="wrong").status_code == 422
    answer = change(ana)
    assert answer.status_code == 429
    assert "Too many attempts. Try again in 15 minutes." in words(answer)


def test_a_new_name(ana: Visitor, services: Services) -> None:
    answer = ana.submit("/account/name", htmx=True, username="  Ana Maria ")
    assert 'hx-swap-oob="true"' in tag(answer, "account-link")
    assert "Account: Ana Maria" in words(answer)
    assert account(services).name == "Ana Maria"
    answer = ana.submit("/account/name", username=" ")
    assert answer.status_code == 422 and "Enter a name." in words(answer)
    assert account(services).name == "Ana Maria"


def test_sessions_in_words(app: Flask, ana: Visitor, services: Services) -> None:
    now: datetime = services.now()
    with services.db.write() as connection:
        store.open_session(connection, FIREFOX, "192.0.2.7", now)
    said = words(ana.open("/account/"))
    assert "Firefox on Linux 192.0.2.7" in said
    assert "A browser this one 127.0.0.1" in said


def test_another_session_is_ended(ana: Visitor, elsewhere: Visitor, services: Services) -> None:
    with services.db.read() as connection:
        ids = sorted(session.id for session in store.list_sessions(connection))
    assert ana.submit(f"/account/sessions/{ids[0]}/end").status_code == 400  # this one
    assert ana.submit(f"/account/sessions/{ids[1]}/end").location == "/account/"
    assert elsewhere.open("/").status_code == 303
    assert ana.open("/").status_code == 200
    assert ana.submit(f"/account/sessions/{ids[1]}/end", htmx=True).status_code == 200
    assert done(services) == ["session ended"]


def test_all_others_are_ended(ana: Visitor, elsewhere: Visitor, services: Services) -> None:
    answer = ana.submit("/account/sessions/end-others", htmx=True)
    assert "1 other session was ended." in words(answer)
    assert elsewhere.open("/").status_code == 303
    assert ana.open("/").status_code == 200
