"""What a person, htmx and a program read when something is wrong."""

import logging
from pathlib import Path

import pytest
from flask import Flask

from app.web.ext import Services
from store.sql.engine import Database
from tests.app.visitor import Visitor, words


def test_a_missing_page_is_a_page(stranger: Visitor) -> None:
    answer = stranger.open("/nowhere")
    assert answer.status_code == 404
    assert "There is no such page" in words(answer)


def test_htmx_gets_a_sentence_for_a_toast(owner: Visitor) -> None:
    answer = owner.open("/allowlist/77/edit", htmx=True)
    assert answer.status_code == 404
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.text.startswith("There is no such page.")


def test_a_program_gets_json(stranger: Visitor) -> None:
    answer = stranger.open("/v1/nowhere")
    assert answer.status_code == 404
    assert "detail" in answer.json


def test_the_wrong_method_is_told_as_such(owner: Visitor) -> None:
    answer = owner.open("/logout")
    assert answer.status_code == 405
    assert "not possible here" in words(answer)


def test_too_long_a_form_is_refused(owner: Visitor) -> None:
    answer = owner.submit("/allowlist/", pattern="+" + "5" * 300_000)
    assert answer.status_code == 413


def test_a_database_that_is_away_is_told_as_such(
    owner: Visitor, services: Services, tmp_path: Path
) -> None:
    services.db.close()
    services.db = Database(f"sqlite:///{tmp_path}")
    answer = owner.open("/")
    assert answer.status_code == 503
    assert "The database does not answer" in words(answer)


@pytest.mark.usefixtures("redis_away")
def test_the_pages_come_up_without_redis(owner: Visitor) -> None:
    for path in ("/", "/whatsapp/", "/allowlist/", "/people/"):
        assert owner.open(path).status_code == 200


def test_a_bug_is_in_the_log_without_the_address(
    app: Flask,
    stranger: Visitor,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The address of the set-up page is a secret."""

    def break_down(**_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setitem(app.view_functions, "auth.set_up", break_down)
    with caplog.at_level(logging.ERROR):
        answer = stranger.open("/setup/the-secret-token")
    assert answer.status_code == 500
    assert "Something went wrong" in words(answer)
    assert "a bug" in caplog.text and "auth.set_up" in caplog.text
    assert "the-secret-token" not in caplog.text
