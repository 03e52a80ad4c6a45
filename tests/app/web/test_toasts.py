"""Each toast has its words, and nothing else in the code has words for one."""

import pytest
from flask import Flask, render_template, session

from app.web.toasts import describe, toast
from tests.app.visitor import Visitor, words


def said(code: str, **figures: str | int | None) -> str:
    return describe(code, figures)


def test_a_number_minds_its_grammar() -> None:
    assert said("sessions_ended", count=0) == "There was no other session."
    assert said("sessions_ended", count=1) == "1 other session was ended."
    assert said("sessions_ended", count=2) == "2 other sessions were ended."
    answered = [said("person_answered", person="Ana", count=count) for count in (1, 2)]
    assert answered == [
        "Ana may write, and the kept message is being answered.",
        "Ana may write, and the kept 2 messages are being answered.",
    ]


def test_those_without_a_name() -> None:
    assert said("entry_removed", entry=None) == "Everyone was removed."
    assert said("person_blocked", person=None) == "This person is blocked."
    given = said("permission_given", agent="Ada", recipient=None)
    assert given == "Ada may now write to everyone."


def test_a_strangers_name_stays_text(app: Flask) -> None:
    with app.test_request_context():
        toast("person_blocked", person="<b>{count}</b>")
        shown = render_template("_toasts.html")
    assert "&lt;b&gt;{count}&lt;/b&gt; is blocked." in shown


def test_what_has_no_words_is_an_error(app: Flask) -> None:
    with pytest.raises(KeyError):
        said("nothing_like_it")
    with pytest.raises(KeyError):
        said("entry_added")
    with app.test_request_context(), pytest.raises(KeyError, match="nothing_like_it"):
        toast("nothing_like_it")


def test_only_the_code_and_its_figures_travel(app: Flask) -> None:
    with app.test_request_context():
        toast("settings_saved", version=3)
        sent = {"code": "settings_saved", "figures": {"version": 3}}
        assert session["_flashes"] == [("success", sent)]
        assert "Saved. Version 3 rules the next message." in render_template("_toasts.html")


def test_a_cookie_of_another_version_does_no_harm(owner: Visitor) -> None:
    with owner.client.session_transaction() as cookie:
        old = [("success", "Saved."), ("undo", {"text": "Ana was removed.", "undo": "/"})]
        cookie["_flashes"] = [*old, ("success", {"code": "from_tomorrow", "figures": {}})]
    answer = owner.open("/")
    assert answer.status_code == 200
    assert "Ana was removed" not in words(answer) and "data-toast" not in answer.text
