"""The one-time link, signing in and out. What is open without it: `tests/app/test_strangers.py`."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.web.ext import Services
from app.web.throttle import PER_ADDRESS
from store.account import audit, second_factor
from store.account import owner as store_owner
from tests.app.visitor import TOKEN, Visitor, words

PASSWORD = "four random words here"


@pytest.fixture
def link(services: Services) -> str:
    """A fresh set-up link's path."""
    with services.db.write() as connection:
        return f"/setup/{store_owner.make_setup_token(connection, services.now())}"


@pytest.fixture
def account(stranger: Visitor, link: str) -> None:
    """Ana has an account; nobody is signed in."""
    assert set_up(stranger, link).status_code == 303
    stranger.submit("/logout")


def set_up(visitor: Visitor, link: str, **fields: str):
    data = {"username": "Ana", "password": PASSWORD, "confirm": PASSWORD, **fields}
    return visitor.submit(link, **data)


def log_in(visitor: Visitor, name: str = "Ana", password: str = PASSWORD, path: str = "/login"):
    return visitor.submit(path, username=name, password=password)


def test_the_link_makes_the_account_and_signs_in(
    stranger: Visitor, link: str, services: Services
) -> None:
    answer = set_up(stranger, link)
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Welcome" in words(stranger.open("/"))
    with services.db.read() as connection:
        account = store_owner.load(connection)
        assert account and account.name == "Ana" and PASSWORD not in account.password_hash
        assert [act.action for act in audit.list_acts(connection)] == ["signed in", "account made"]


def test_the_link_works_once(app: Flask, stranger: Visitor, link: str) -> None:
    set_up(stranger, link)
    assert Visitor(app).open(link).location == "/login"


def test_only_the_newest_link_works(stranger: Visitor, link: str, services: Services) -> None:
    with services.db.write() as connection:
        store_owner.make_setup_token(connection, services.now())
    answer = stranger.open(link)
    assert answer.status_code == 410
    assert "python -m app.bootstrap --link" in words(answer)


def reset_link(services: Services) -> str:
    with services.db.write() as connection:
        return f"/setup/{store_owner.make_setup_token(connection, services.now())}"


def test_a_lost_password_is_replaced_by_a_one_time_link(
    app: Flask, owner: Visitor, services: Services
) -> None:
    """Everybody is signed out, the second factor is gone."""
    with services.db.write() as connection:
        second_factor.switch_on(connection, "encrypted", 1)
    link = reset_link(services)
    visitor = Visitor(app)
    assert "Choose a new password" in words(visitor.open(link))
    assert set_up(visitor, link, username="Bea").location == "/"
    assert visitor.open("/").status_code == 200
    assert owner.open("/").status_code == 303
    with services.db.read() as connection:
        account = store_owner.load(connection)
        assert account and account.name == "Bea" and account.totp_secret is None
        assert audit.list_acts(connection)[1].action == "account reset"
    assert Visitor(app).open(link).location == "/login"


def test_a_link_for_a_new_password_is_good_for_an_hour(
    app: Flask, owner: Visitor, services: Services
) -> None:
    link, start = reset_link(services), services.now()
    services.now = lambda: start + timedelta(minutes=61)
    assert set_up(Visitor(app), link).location == "/login"
    assert owner.open("/").status_code == 200


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"username": "  "}, "Choose a name."),
        ({"password": "too short", "confirm": "too short"}, "Use at least 10 characters."),
        ({"confirm": "something else"}, "The two passwords are different."),
    ],
)
def test_a_bad_form_is_sent_back_with_the_reason(
    stranger: Visitor, link: str, services: Services, fields: dict[str, str], sentence: str
) -> None:
    answer = set_up(stranger, link, **fields)
    assert answer.status_code == 422
    assert sentence in words(answer)
    with services.db.read() as connection:
        assert not store_owner.owner_exists(connection)


def test_before_there_is_an_account_the_login_page_says_where_the_link_is(
    stranger: Visitor,
) -> None:
    assert "one-time set-up link" in words(stranger.open("/login"))


@pytest.mark.usefixtures("account")
def test_signing_in_with_name_in_any_case(stranger: Visitor) -> None:
    assert log_in(stranger, "ANA").location == "/"
    assert stranger.open("/").status_code == 200


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(("name", "password"), [("Ana", "wrong"), ("Bob", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_look_the_same(
    stranger: Visitor, name: str, password: str
) -> None:
    answer = log_in(stranger, name, password)
    assert answer.status_code == 422
    assert "Name or password is wrong." in words(answer)
    assert stranger.open("/").status_code == 303


@pytest.mark.usefixtures("account")
def test_guessing_is_slowed_down_and_the_right_password_waits_too(stranger: Visitor) -> None:
    for _ in range(PER_ADDRESS):
        assert log_in(stranger, password="wrong").status_code == 422
    answer = log_in(stranger)
    assert answer.status_code == 429
    assert "Try again in 15 minutes." in words(answer)


@pytest.mark.usefixtures("account")
def test_the_right_password_starts_the_count_anew(stranger: Visitor) -> None:
    for _ in range(2):
        for _ in range(PER_ADDRESS - 1):
            log_in(stranger, password="wrong")
        assert log_in(stranger).status_code == 303
        stranger.submit("/logout")


@pytest.mark.usefixtures("account", "redis_away")
def test_without_redis_one_can_sign_in(stranger: Visitor) -> None:
    assert log_in(stranger).status_code == 303
    assert "Redis does not answer" in words(stranger.open("/"))


def test_signing_out_ends_the_session_on_the_server(app: Flask, owner: Visitor) -> None:
    cookie = owner.client.get_cookie("djinnbot")
    assert cookie
    assert owner.submit("/logout").location == "/login"
    thief = Visitor(app)
    thief.client.set_cookie("djinnbot", cookie.value)
    assert thief.open("/").status_code == 303


def test_a_session_ends_when_it_is_not_used(owner: Visitor, services: Services) -> None:
    later = services.now() + timedelta(days=15)
    services.now = lambda: later
    assert owner.open("/").status_code == 303


def test_using_it_keeps_a_session_alive_but_a_poll_does_not(
    owner: Visitor, services: Services
) -> None:
    start = services.now()
    services.now = lambda: start + timedelta(days=10)
    owner.open("/", htmx=True)
    services.now = lambda: start + timedelta(days=15)
    assert owner.open("/").status_code == 303
    services.now = lambda: start + timedelta(days=10)
    assert owner.open("/").status_code == 200
    services.now = lambda: start + timedelta(days=20)
    assert owner.open("/").status_code == 200


@pytest.mark.usefixtures("account")
def test_signing_in_leads_back(stranger: Visitor) -> None:
    login = stranger.open("/allowlist/?q=ana").location
    assert login == "/login?next=/allowlist/?q%3Dana"
    assert log_in(stranger, path=login).location == "/allowlist/?q=ana"


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "evil"],
)
@pytest.mark.usefixtures("account")
def test_signing_in_never_leads_elsewhere(stranger: Visitor, address: str) -> None:
    assert log_in(stranger, path=f"/login?next={address}").location == "/"


def test_a_form_of_an_ended_session_leads_back_to_its_page(stranger: Visitor) -> None:
    page = {"Referer": "http://localhost/allowlist/"}
    answer = stranger.client.post("/allowlist/", data={"pattern": "*"}, headers=page)
    assert (answer.status_code, answer.location) == (303, "/login?next=/allowlist/&unsent=1")
    with stranger.app.extensions["djinnbot"].db.write() as connection:
        store_owner.create(connection, "Ana", "hash", datetime.now(UTC))
    assert "what you sent was not saved" in words(stranger.open(answer.location))


def test_a_poll_of_an_ended_session_moves_the_whole_page(stranger: Visitor) -> None:
    here = {"HX-Current-URL": "http://localhost/whatsapp/"}
    answer = stranger.open("/whatsapp/status", htmx=True, **here)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login?next=/whatsapp/"


def test_a_form_without_its_token_changes_nothing(owner: Visitor, services: Services) -> None:
    answer = owner.client.post("/allowlist/", data={"pattern": "*"})
    assert answer.status_code == 419
    assert "out of date" in words(answer)
    with services.db.read() as connection:
        assert not audit.list_acts(connection)


@pytest.mark.parametrize("path", ["/login", "/people/"])
def test_the_token_of_a_page_is_good(owner: Visitor, path: str) -> None:
    """On the page before signing in, and on one of the panel."""
    visitor = owner if path != "/login" else Visitor(owner.app)
    token = TOKEN.search(visitor.open(path).text)
    assert token
    answer = visitor.client.post("/theme", data={"csrf_token": token[1], "theme": "dark"})
    assert answer.status_code == 303


def test_the_cookie_says_nothing_to_scripts_and_other_sites(owner: Visitor) -> None:
    set_cookie = owner.open("/whatsapp/").headers["Set-Cookie"]
    assert "HttpOnly" in set_cookie and "SameSite=Lax" in set_cookie
    assert "Secure" not in set_cookie


def test_over_https_the_cookie_stays_there(owner: Visitor) -> None:
    answer = owner.client.get("/whatsapp/", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_the_colours_are_kept_and_the_page_too(owner: Visitor) -> None:
    page = {"Referer": "http://localhost/people/"}
    assert owner.submit("/theme", headers=page, theme="dark").location == "/people/"
    assert 'data-bs-theme="dark"' in owner.open("/people/").text
    assert owner.submit("/theme", theme="pink").status_code == 400
